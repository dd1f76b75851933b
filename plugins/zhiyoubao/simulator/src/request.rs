//! From a form body to a call: fields, signature, envelope, identity (§§1, 2).

use crate::options::Options;
use crate::refusal::Refusal;
use crate::sign::request_sign;
use crate::time::is_request_time;
use crate::transaction::Transaction;
use crate::xml::Element;

/// Largest request body taken, in bytes.
pub(crate) const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// What could be read of a call, as far as reading came; kept for the record even when the call is refused.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub xml: String,
    pub name: String,
    pub transaction: Option<Transaction>,
    pub root: Element,
}

impl Call {
    /// Reads a body. The call is filled as far as it is understood, the refusal tells what is wrong with it.
    pub fn read(body: &[u8], options: &Options) -> (Self, Result<Transaction, Refusal>) {
        let mut call = Self::default();
        let opened = call.open(body, options);
        (call, opened)
    }

    fn open(&mut self, body: &[u8], options: &Options) -> Result<Transaction, Refusal> {
        let mut sign = String::new();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "xmlMsg" => self.xml = value.into_owned(),
                "sign" => sign = value.into_owned(),
                _ => {}
            }
        }
        // The name is read before the signature is checked, for the record.
        let root = Element::parse(&self.xml);
        if let Ok(root) = &root {
            root.value("transactionName").unwrap_or_default().clone_into(&mut self.name);
        }
        if sign != request_sign(&self.xml, &options.private_key) {
            return Err(Refusal::BadSignature);
        }
        self.root = root.map_err(|_| Refusal::BadMessage)?;
        self.transaction = Transaction::of_name(&self.name);
        let header = self.root.child("header").ok_or(Refusal::BadMessage)?;
        if self.root.name != "PWBRequest"
            || header.value("application") != Some("SendCode")
            || !header.value("requestTime").is_some_and(is_request_time)
        {
            return Err(Refusal::BadMessage);
        }
        let identity = self.root.child("identityInfo").ok_or(Refusal::UnknownUser)?;
        if identity.value("corpCode") != Some(options.corp_code.as_str())
            || identity.value("userName") != Some(options.user_name.as_str())
        {
            return Err(Refusal::UnknownUser);
        }
        self.transaction.ok_or(Refusal::UnknownTransaction)
    }

    /// The main order number or another number that names what the call is about; for the record.
    pub fn subject(&self) -> Option<&str> {
        let body = self.root.child("orderRequest")?;
        let order = body.child("order").and_then(|order| order.value("orderCode").or(order.value("retreatBatchNo")));
        let line = body.child("returnTicket").and_then(|line| line.value("orderCode"));
        order.or(line).or(body.child("endorse").and_then(|endorse| endorse.value("subOrderCode")))
    }
}

/// The body element `orderRequest/order` (§2).
pub(crate) fn order_element(root: &Element) -> Result<&Element, Refusal> {
    root.at(&["orderRequest", "order"]).ok_or(Refusal::MissingField)
}

/// A value that must be there.
pub(crate) fn need<'a>(element: &'a Element, name: &str) -> Result<&'a str, Refusal> {
    element.value(name).ok_or(Refusal::MissingField)
}

/// A count of at least one.
pub(crate) fn need_count(element: &Element, name: &str) -> Result<u32, Refusal> {
    need(element, name)?.parse().ok().filter(|count| *count > 0).ok_or(Refusal::BadAmount)
}
