//! The scenes of channels that show whole orders, sell what they were given before, know members and write invoices.

use entrepot_sdk::contract::intent::beside::{
    AskInvoice, AskMember, InvoiceTitle, MemberWish, RecordStanding, Thing, ThingStanding,
};
use entrepot_sdk::contract::intent::change::{ChangeOrder, OrderFilter};
use entrepot_sdk::contract::intent::{CreateOrder, RecordUse, SyncOrder, UnitChoice};
use entrepot_sdk::contract::listing::UnitNames;
use entrepot_sdk::contract::order::GuestField;
use entrepot_sdk::prelude::*;

use super::{Said, missing};

pub(super) fn decoded(scene: &str, said: &Said) -> Result<Intent, Fault> {
    let text = |text: &Option<String>, key: &str| text.clone().ok_or_else(|| missing(key));
    Ok(match scene {
        "sync" => Intent::SyncOrder(SyncOrder {
            created: CreateOrder::new(said.order()?, said.wish()?, said.at()?),
            codes: vec![Credential {
                kind: CredentialKind::VoucherNumber,
                value: text(&said.code, "code")?,
                document_kind: None,
            }],
        }),
        "use" => Intent::RecordUse(RecordUse {
            order: said.order()?,
            key: said.key()?,
            units: UnitChoice::Named(vec![UnitNames {
                certificate: Some(text(&said.code, "code")?),
                ..UnitNames::default()
            }]),
            undone: said.event.as_deref() == Some("undone"),
            at: said.at()?,
            shop: None,
        }),
        "change" => Intent::ChangeOrder(Box::new(ChangeOrder {
            visit: said.visit(),
            at: Some(said.at()?),
            ..ChangeOrder::new(said.order()?, said.key()?)
        })),
        "extend" => Intent::ExtendHold { order: said.order()?, hold_ms: said.hold_ms },
        "show" => Intent::ShowOrders(OrderFilter::Reference { reference: text(&said.product, "product")? }),
        "list" => {
            text(&said.product, "product")?;
            Intent::ListProducts { names: said.names(), page: None }
        }
        "standing" => Intent::RecordStanding(RecordStanding {
            thing: Thing::Product { names: said.names() },
            standing: match said.event.as_deref() {
                Some("approved") => ThingStanding::Approved,
                Some("rejected") => ThingStanding::Rejected,
                _ => ThingStanding::Changed,
            },
            reason: None,
            message: said.key()?,
        }),
        "want-codes" => Intent::WantCodes { names: said.names(), count: said.count, message: said.key()? },
        "member" => Intent::AskMember(Box::new(AskMember {
            wants: MemberWish::Join,
            member: said.key()?,
            guest: said.guest(),
            email: None,
        })),
        "invoice" => Intent::AskInvoice(Box::new(AskInvoice {
            key: said.key()?,
            orders: vec![ChannelOrderId::parse(text(&said.billed, "billed")?).map_err(|_| missing("billed"))?],
            amount: said.money()?.ok_or_else(|| missing("amount"))?,
            title: InvoiceTitle {
                company: false,
                name: GuestField::Plain(text(&said.guest, "guest")?),
                tax_number: None,
            },
            content: text(&said.product, "product")?,
            kind: None,
            remark: None,
            send_to: GuestField::Sealed(text(&said.code, "code")?),
            asked_at: said.at()?,
        })),
        other => return Err(Fault::unsupported(other)),
    })
}
