//! An order's notices, and the credentials in them.

use entrepot_sdk::contract::ids::{ChannelOrderId, OrderId};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{Notice, OrderEvent, OrderNotice, RefundDecision};
use entrepot_sdk::contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_sdk::contract::time::Timestamp;

use crate::calls::{ORDER, OWN_ORDER};

/// Credentials of unit `unit`: a QR code each.
pub fn qr(unit: u16) -> UnitCredentials {
    UnitCredentials { unit, credentials: vec![credential(CredentialKind::QrCode, &format!("QR-{unit}"))] }
}

/// A credential of that kind.
pub fn credential(kind: CredentialKind, value: &str) -> Credential {
    Credential { kind, value: value.to_owned(), document_kind: None }
}

/// A notice of the order.
pub fn notice(event: OrderEvent) -> Notice {
    Notice::Order(OrderNotice {
        order: OrderId::parse(OWN_ORDER).expect("an id"),
        channel_order: ChannelOrderId::parse(ORDER).expect("an id"),
        source_order: None,
        names: ListingNames::default(),
        unit_names: Vec::new(),
        event,
    })
}

/// A use of these units, or of the whole order.
pub fn redemption(units: &[u16], whole: bool) -> Notice {
    notice(OrderEvent::Redeemed {
        token: "v-1".to_owned(),
        units: units.to_vec(),
        whole,
        at: Timestamp::from_millis(1_790_800_000_999),
        shop: None,
        refund_refused: None,
        tickets: Vec::new(),
    })
}

/// One notice of each kind that an order of two units has; what is refunded or used is the first unit, or the whole order for
/// a plugin that knows no parts.
pub fn of_an_order(whole: bool) -> Vec<Notice> {
    let units: &[u16] = if whole { &[1, 2] } else { &[1] };
    let reason = || "no seats".to_owned();
    vec![
        notice(OrderEvent::Accepted),
        notice(OrderEvent::Refused { reason: reason() }),
        notice(OrderEvent::Issued { units: vec![qr(1), qr(2)] }),
        notice(OrderEvent::IssueFailed { reason: reason() }),
        notice(OrderEvent::RefundDecided {
            key: "R1".to_owned(),
            units: units.to_vec(),
            decision: RefundDecision::Agreed { fee: Some(Money::fen(900)) },
        }),
        redemption(units, whole),
    ]
}
