//! The group ticket's own calls (F2, V2): how a purchase comes, how its vouchers are asked for and told. Group-buy B15,
//! `documented`.

use douyin_wire::kinds::{IssueResult, PromiseBizType};
use douyin_wire::number::Id;
use douyin_wire::partner::answers::{done, own_id, unheard};
use douyin_wire::partner::body::{instant_ns, instant_s, need, order_id, text_id, wrong};
use douyin_wire::partner::calls::account;
use douyin_wire::partner::guests::license_type;
use douyin_wire::partner::intents::own_order;
use douyin_wire::partner::ready::call_again;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::partner::vouchers::{project_id, shown_as};
use douyin_wire::person::{Person, Private};
use douyin_wire::promise::{
    CertificateAnswered, CertificateAsked, CertificateCalled, CertificateType, CodeAnswered, CodeCalled, CreatePromise,
    CreatePromiseAnswer, DocumentShown, IssuePromise, IssuePromiseAnswer, NUMBER_LIMIT_CHARS, ProjectAnswered,
    ProjectCalled, PromiseCallback,
};
use entrepot_sdk::contract::intent::{CreateOrder, IssueOrder, Wish};
use entrepot_sdk::contract::listing::UnitNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::outcome::Reason;
use entrepot_sdk::contract::product::DocumentKind;
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::names::Told;
use crate::{DouyinGroupBuy, order, refusals};

/// B15.3, `documented`.
const CALLBACK: (&str, &str) = ("promise_callback", "/goodlife/v1/trip/scenic/groupon/certificate/callback/");

/// Pre-order, before payment; there is no payment notice: the issue call says that it was paid.
pub(crate) fn create(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    create: &CreatePromise,
) -> Result<Intent, Fault> {
    if let Some(other @ (PromiseBizType::Presale | PromiseBizType::Other(_))) = create.biz_type {
        return Err(Fault::invalid(format!("biz_type {} belongs to another solution", other.code())));
    }
    let sku = need("sku_info_list", create.sku_info_list.first())?;
    let of_another = |other: &Option<Id>| other.is_some() && sku.sku_id.is_some() && *other != sku.sku_id;
    if create.sku_info_list.iter().any(|it| of_another(&it.sku_id))
        || create.order_item_list.iter().any(|it| of_another(&it.sku_id))
    {
        return Err(wrong("sku_info_list", "an order of several specifications"));
    }
    let told = Told {
        product: sku.product_id.as_ref(),
        sku: sku.sku_id.as_ref(),
        product_out: sku.product_out_id.as_ref(),
        sku_out: sku.sku_out_id.as_ref(),
        ..Told::default()
    };
    let currency = create.currency_code.as_deref().unwrap_or("CNY");
    let currency =
        Currency::parse(currency).ok_or_else(|| wrong("currency_code", "no code of three capital letters"))?;
    let phone = create.contact_list.iter().chain(&create.reserve_info_list).find_map(|it| it.phone.clone());
    let buyer = phone.map(|phone| Person { phone: Some(phone), ..Person::default() });
    let item = |id: &Id| Ok(UnitNames { item: text_id("order_item_id", Some(id))?, ..UnitNames::default() });
    let unit_names: Result<Vec<UnitNames>, Fault> =
        create.order_item_list.iter().map(|row| item(&row.order_item_id)).collect();
    let unit_names = unit_names?;
    let count = u32::try_from(unit_names.len()).ok().filter(|count| *count > 0);
    let wish = Wish {
        names: told.names(settings)?,
        count: count.ok_or_else(|| wrong("order_item_list", "no item"))?,
        origin_amount: Some(Money::new(create.original_amount.get(), currency)),
        guests: order::buyer_only(channel, buyer.as_ref())?,
        guests_final: true,
        ..Wish::default()
    };
    let ordered_at = instant_s("create_order_time", need("create_order_time", create.create_seconds)?)?;
    let id = order_id("order_id", &create.order_id)?;
    Ok(Intent::CreateOrder(CreateOrder { unit_names, ..CreateOrder::new(id, wish, ordered_at) }))
}

/// The answer to the pre-order.
pub(crate) fn created(intent: &Intent, outcome: &Outcome) -> Result<RawResponse, Fault> {
    let Intent::CreateOrder(create) = intent else { return Err(unheard(Scene::CreatePromise)) };
    let id = || need("order_id", Id::new(create.order.as_str()));
    match outcome {
        Outcome::Created { order, .. } => {
            let answer =
                CreatePromiseAnswer { order_id: id()?, ext_order_id: Some(own_id(order)?), fail_sku_id_list: vec![] };
            done("success", &answer)
        }
        Outcome::Refused(refusal) => {
            let sku = create.wish.names.sku.as_deref().and_then(Id::new);
            let of_sku =
                matches!(refusal.reason, Reason::SoldOut | Reason::OffSale | Reason::Paused | Reason::PriceDiffers);
            let answer = CreatePromiseAnswer {
                order_id: id()?,
                ext_order_id: None,
                fail_sku_id_list: sku.filter(|_| of_sku).into_iter().collect(),
            };
            refusals::with_payload(refusals::of_promise(refusal), &refusals::said(refusal), &answer)
        }
        _ => Err(unheard(Scene::CreatePromise)),
    }
}

/// Issue call. `paid_at` is when Douyin made the call: the page has no other time of payment (`inferred`).
pub(crate) fn issue(call: &IssuePromise, paid_at: Timestamp) -> Result<Intent, Fault> {
    own_order(&call.our_order)?;
    let names = |asked: &CertificateAsked| {
        // Validity is the product's; a time in another unit is no time of this call.
        for (field, at) in [("start_time", asked.start_nanoseconds), ("expire_time", asked.expire_nanoseconds)] {
            at.map(|at| instant_ns(field, at)).transpose()?;
        }
        Ok(UnitNames {
            certificate: text_id("certificate_id", Some(&asked.certificate_id))?,
            item: text_id("order_item_id", asked.order_item_id.as_ref())?,
            code: None,
        })
    };
    let unit_names: Result<Vec<UnitNames>, Fault> = call.certificate_info_list.iter().map(names).collect();
    let unit_names = unit_names?;
    let count = u32::try_from(unit_names.len()).ok().filter(|count| *count > 0);
    let order = order_id("order_id", &call.order_id)?;
    Ok(Intent::IssueOrder(IssueOrder { count, unit_names, paid_at: Some(paid_at), ..IssueOrder::new(order) }))
}

/// The answer to the issue call. Result 2 gives the money back at once: it is said only of what is final.
pub(crate) fn issued(
    settings: &ConnectionSettings,
    intent: &Intent,
    outcome: &Outcome,
    joiner: &str,
) -> Result<RawResponse, Fault> {
    let Intent::IssueOrder(asked) = intent else { return Err(unheard(Scene::IssuePromise)) };
    let order_id = need("order_id", Id::new(asked.order.as_str()))?;
    let result = |result: IssueResult, text: &str, certificate_info: Vec<CertificateAnswered>| {
        done(text, &IssuePromiseAnswer { result, order_id: order_id.clone(), certificate_info })
    };
    match outcome {
        Outcome::Issued { order, units } => {
            let shown = shown(settings, order, units, &asked.unit_names, joiner)?;
            result(IssueResult::Issued, "success", shown.into_iter().map(Shown::answered).collect())
        }
        Outcome::Issuing { .. } | Outcome::Recorded => result(IssueResult::Issuing, "", vec![]),
        Outcome::Refused(refusal) if matches!(refusal.reason, Reason::SupplierRefused | Reason::StateForbids) => {
            result(IssueResult::Failed, &refusals::said(refusal), vec![])
        }
        Outcome::Refused(_) => Ok(call_again()),
        _ => Err(unheard(Scene::IssuePromise)),
    }
}

/// The vouchers, once the call's answer is over. B15.3: the account's header is required.
pub(crate) async fn told<S: Sync>(
    channel: &DouyinGroupBuy,
    call: &Call<S>,
    settings: &ConnectionSettings,
    notice: &OrderNotice,
    units: Option<&[UnitCredentials]>,
) -> Result<(), Fault> {
    account(call)?;
    let order_id = need("order_id", Id::new(notice.channel_order.as_str()))?;
    let body = match units {
        None => PromiseCallback { order_id, result: IssueResult::Failed, certificate_info_list: vec![] },
        Some(units) => {
            let joiner = &channel.partner.shared.password_joiner;
            let shown = shown(settings, &notice.order, units, &notice.unit_names, joiner)?;
            let called: Result<Vec<CertificateCalled>, Fault> = shown.into_iter().map(Shown::called).collect();
            PromiseCallback { order_id, result: IssueResult::Issued, certificate_info_list: called? }
        }
    };
    channel.partner.client.post(call, CALLBACK.0, CALLBACK.1, &body).await.map(|_| ())
}

/// What a certificate shows, before it is spelled for one of the two calls.
struct Shown {
    certificate: Id,
    project: Id,
    name: String,
    codes: Vec<(Private, CertificateType)>,
    documents: Vec<DocumentShown>,
}

impl Shown {
    fn answered(self) -> CertificateAnswered {
        let code = |(certificate_no, certificate_type)| CodeAnswered { certificate_no, certificate_type };
        CertificateAnswered {
            certificate_id: self.certificate,
            project_list: vec![ProjectAnswered {
                project_id: self.project,
                name: self.name,
                certificate: self.codes.into_iter().map(code).collect(),
                credential: self.documents,
            }],
        }
    }

    /// The certificate's id is a number here (B15.3, `documented`).
    fn called(self) -> Result<CertificateCalled, Fault> {
        let certificate_id = self.certificate.as_str().parse();
        let code = |(certificate_no, certificate_type)| CodeCalled { certificate_no, certificate_type };
        Ok(CertificateCalled {
            certificate_id: certificate_id
                .map_err(|_| Fault::invalid("a certificate's id is no 64-bit number, as the callback has it"))?,
            project_list: vec![ProjectCalled {
                project_id: self.project,
                name: self.name,
                certificate_list: self.codes.into_iter().map(code).collect(),
                credential_list: self.documents,
            }],
        })
    }
}

/// One for each unit, in their order; the certificates' ids are those of the issue call.
fn shown(
    settings: &ConnectionSettings,
    order: &OrderId,
    units: &[UnitCredentials],
    names: &[UnitNames],
    joiner: &str,
) -> Result<Vec<Shown>, Fault> {
    let unfit = |unit: u16, why: &str| Fault::invalid(format!("order {order} unit {unit} {why}"));
    let mut of_units = settings.shown(units);
    of_units.sort_by_key(|unit| unit.unit);
    let one = |unit: &UnitCredentials| {
        let named = usize::from(unit.unit).checked_sub(1).and_then(|at| names.get(at));
        let certificate = named.and_then(|names| names.certificate.as_deref()).and_then(Id::new);
        let certificate = certificate.ok_or_else(|| unfit(unit.unit, "has no certificate of Douyin's"))?;
        let (codes, documents) = codes_of(settings, unit, joiner);
        if codes.is_empty() && documents.is_empty() {
            return Err(unfit(unit.unit, "has no credential of a kind that Douyin can show"));
        }
        if codes.iter().any(|(code, _)| code.reveal().chars().count() > NUMBER_LIMIT_CHARS) {
            return Err(unfit(unit.unit, "has a code of more than 64 characters"));
        }
        let project = need("project_id", Id::new(project_id(order, unit.unit)))?;
        Ok(Shown { certificate, project, name: settings.project_name.clone(), codes, documents })
    };
    of_units.iter().map(one).collect()
}

/// Codes and documents of a unit. A password stands after the number (`inferred`: Douyin has no field for it).
fn codes_of(
    settings: &ConnectionSettings,
    unit: &UnitCredentials,
    joiner: &str,
) -> (Vec<(Private, CertificateType)>, Vec<DocumentShown>) {
    let password = unit.credentials.iter().find(|credential| credential.kind == CredentialKind::Password);
    let (mut codes, mut documents) = (Vec::new(), Vec::new());
    for credential in &unit.credentials {
        let shown = match shown_as(credential.kind, settings.code_as) {
            CredentialKind::QrCode => CertificateType::QrCode,
            CredentialKind::Url => CertificateType::Url,
            CredentialKind::VoucherNumber => CertificateType::Number,
            CredentialKind::Document => {
                let kind = credential.document_kind.unwrap_or(DocumentKind::IdentityCard);
                let number = Private::from(credential.value.as_str());
                let shown =
                    license_type(kind).map(|kind| DocumentShown { credential_no: number, credential_type: kind });
                documents.extend(shown);
                continue;
            }
            CredentialKind::Image | CredentialKind::Password | CredentialKind::Other => continue,
        };
        let text = match password {
            Some(password) if codes.is_empty() && shown != CertificateType::Url => {
                [credential.value.as_str(), joiner, &password.value].concat()
            }
            _ => credential.value.clone(),
        };
        codes.push((Private::from(text), shown));
    }
    (codes, documents)
}
