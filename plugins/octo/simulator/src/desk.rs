//! The supplier without a network: a request in, an answer out, everything recorded.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::call::Call;
use crate::exchange::{Answer, Manner, RECORD_LIMIT, Recorded, Request};
use crate::fault::{Fault, Faults, OVERSIZE_LIMIT_BYTES};
use crate::fields;
use crate::head::{self, Applied};
use crate::options::Options;
use crate::refusal::{ErrorId, Refusal};
use crate::shop::Shop;
use crate::told::{self, Prices};

/// A supplier's desk: answers requests, and has buttons to press.
pub struct Desk {
    inner: Mutex<Inner>,
}

/// What the lock guards.
pub(crate) struct Inner {
    pub(crate) shop: Shop,
    pub(crate) faults: Faults,
    pub(crate) recorded: VecDeque<Recorded>,
    pub(crate) blocked: bool,
}

impl Desk {
    /// A desk.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let shop = Shop::new(options);
        let inner = Inner { shop, faults: Faults::default(), recorded: VecDeque::new(), blocked: false };
        Self { inner: Mutex::new(inner) }
    }

    /// The state with lapsed holds already lapsed.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.shop.lapse();
        inner
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Answer {
        let inner = &mut *self.inner();
        let call = Call::route(&request.method, &request.path);
        let checked = head::check(&inner.shop.options, inner.blocked, request);
        let capabilities = checked.as_ref().ok().map(|applied| applied.header());
        let decided = match (checked, &call) {
            (Ok(applied), Some((call, id))) => inner.faulty(*call, id, applied, request),
            (Ok(_), None) => Decided::of(Err(Refusal::new(ErrorId::NotFound, "no such call"))),
            (Err(refusal), _) => Decided::of(Err(refusal)),
        };
        let statuses = inner.shop.options.error_statuses;
        let error = decided.result.as_ref().err().map(|refusal| refusal.id);
        let status = error.map_or(200, |id| id.status(statuses));
        inner.record(Recorded { call: call.map(|(call, _)| call), request: request.clone(), status, error });
        let body = decided.result.unwrap_or_else(|refusal| refusal.json());
        let answer = Answer::json(status, capabilities, &body);
        decided.fault.map_or(answer.clone(), |fault| inner.spoilt(fault, body, answer))
    }
}

/// What was decided about a request, and what is to go wrong with its answer.
struct Decided {
    result: Result<Value, Refusal>,
    fault: Option<Fault>,
}

impl Decided {
    fn of(result: Result<Value, Refusal>) -> Self {
        Self { result, fault: None }
    }
}

impl Inner {
    fn record(&mut self, recorded: Recorded) {
        if self.recorded.len() >= RECORD_LIMIT {
            self.recorded.pop_front();
        }
        self.recorded.push_back(recorded);
    }

    /// Runs a call unless its fault comes before the effect.
    fn faulty(&mut self, call: Call, id: &str, applied: Applied, request: &Request) -> Decided {
        let fault = self.faults.take(call);
        let result = match fault {
            Some(Fault::HangBefore | Fault::ServerError) => {
                Err(Refusal::new(ErrorId::InternalServerError, "out of order"))
            }
            _ => self.run(call, id, applied, request),
        };
        Decided { result, fault }
    }

    fn run(&mut self, call: Call, id: &str, applied: Applied, request: &Request) -> Result<Value, Refusal> {
        let body = fields::body(&request.body)?;
        let query = fields::query(&request.query)?;
        let known_fields = self.shop.options.strict.known_fields;
        if known_fields && call != Call::List && query != json!({}) {
            return Err(Refusal::bad("this call has no query"));
        }
        if matches!(call, Call::AddWebhook | Call::Webhooks | Call::RemoveWebhook) && !applied.webhooks {
            return Err(Refusal::new(ErrorId::NotFound, "octo/webhooks was not asked for"));
        }
        let prices = if applied.pricing { Prices::From } else { Prices::Absent };
        let shop = &mut self.shop;
        match call {
            Call::Supplier => Ok(shop.supplier()),
            Call::Products => Ok(shop.products(prices)),
            Call::Product => shop.product(id).map(|product| shop.product_json(&product, prices)),
            Call::Capabilities => Ok(told::capabilities()),
            Call::Calendar => shop.calendar(&body, applied),
            Call::Availability => shop.availability(&body, applied),
            Call::Reserve => shop.reserve(&body, applied),
            Call::Confirm => shop.noticed(id, |shop| shop.confirm(id, &body, applied)),
            Call::Extend => shop.extend(id, &body, applied),
            Call::Update => shop.noticed(id, |shop| shop.update(id, &body, applied)),
            Call::Cancel => shop.noticed(id, |shop| shop.cancel(id, &body, applied)),
            Call::Get => shop.tell(id, applied),
            Call::List => shop.list(&query, applied),
            Call::AddWebhook => shop.hooks.add(&body, known_fields),
            Call::Webhooks => Ok(shop.hooks.list()),
            Call::RemoveWebhook => shop.hooks.remove(id),
        }
    }

    /// The answer with its fault. Corruptions leave refusals as they are.
    fn spoilt(&self, fault: Fault, mut body: Value, answer: Answer) -> Answer {
        let statuses = self.shop.options.error_statuses;
        let refused = |id: ErrorId| {
            let refusal = Refusal::new(id, "out of order");
            Answer::json(id.status(statuses), answer.capabilities.clone(), &refusal.json())
        };
        match fault {
            Fault::ServerError => answer,
            Fault::HangBefore | Fault::HangAfter => Answer { manner: Manner::Never, ..answer },
            Fault::Slow(delay) => Answer { manner: Manner::After(delay), ..answer },
            Fault::ServerErrorAfter => refused(ErrorId::InternalServerError),
            Fault::GatewayTimeout => refused(ErrorId::GatewayTimeout),
            Fault::Html => {
                let page = "<html><body>The supplier is being cleaned.</body></html>".to_owned();
                Answer { status: 200, content_type: "text/html", body: page, ..answer }
            }
            Fault::EmptyBody => Answer { status: 200, body: String::new(), ..answer },
            Fault::Truncated => {
                let half: String = answer.body.chars().take(answer.body.len() / 2).collect();
                Answer { body: half, ..answer }
            }
            Fault::Oversize(bytes) => {
                let padding = " ".repeat(bytes.min(OVERSIZE_LIMIT_BYTES));
                Answer { body: answer.body.clone() + &padding, ..answer }
            }
            Fault::OtherBooking | Fault::Corrupt(_) if answer.status != 200 => answer,
            Fault::OtherBooking => {
                self.exchange(&mut body);
                Answer { body: body.to_string(), ..answer }
            }
            Fault::Corrupt(corruption) => {
                corruption.apply(&mut body);
                Answer { body: body.to_string(), ..answer }
            }
        }
    }

    /// Puts the newest other booking in the place of the one told, or renames that one when there is no other.
    fn exchange(&self, body: &mut Value) {
        let Some(uuid) = body["uuid"].as_str().map(str::to_owned) else { return };
        let others = self.shop.bookings.values().filter(|booking| booking.uuid != uuid);
        if let Some(other) = others.max_by_key(|booking| (booking.created, &booking.id)) {
            let applied = Applied { pricing: body.get("pricing").is_some(), webhooks: false };
            *body = self.shop.booking_json(other, applied);
            return;
        }
        body["uuid"] = json!("00000000-0000-4000-8000-00000000dead");
        body["id"] = json!("booking-of-another");
        body["supplierReference"] = json!("HT999999");
        body["resellerReference"] = json!("ANOTHER-REFERENCE");
    }
}
