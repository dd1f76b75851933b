//! Notices of changed bookings (§6: two vendors' pages, not the standard). The desk writes them; whoever holds the
//! desk delivers them, as it has no network.

use std::collections::VecDeque;
use std::fmt;

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::head::Applied;
use crate::ids;
use crate::refusal::{ErrorId, Refusal};
use crate::shop::Shop;

/// The one event.
pub const EVENT: &str = "booking_update";

/// Most webhooks of a desk.
pub const HOOKS_LIMIT: usize = 100;

/// Notices kept until they are taken; older ones are dropped.
pub const NOTICES_LIMIT: usize = 10_000;

/// A notice to deliver: `POST url` with the body. `Debug` shows neither: the URL may hold credentials (§6).
#[derive(Clone, PartialEq)]
pub struct Notice {
    /// Where it goes.
    pub url: String,
    /// `{diff: [{op, path, was, value}], booking}`.
    pub body: Value,
}

impl fmt::Debug for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Notice(..)")
    }
}

/// Webhooks registered and notices waiting.
#[derive(Default)]
pub(crate) struct Hooks {
    hooks: Vec<(String, String)>,
    notices: VecDeque<Notice>,
    last_number: u64,
}

impl Hooks {
    /// `POST /webhooks`
    pub(crate) fn add(&mut self, body: &Value, known_fields: bool) -> Result<Value, Refusal> {
        let fields = Fields::of(body, &["url", "event"], known_fields)?;
        let url = fields.required("url")?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Refusal::bad("url must be an address of HTTP"));
        }
        if fields.required("event")? != EVENT {
            return Err(Refusal::bad(format!("event must be {EVENT}")));
        }
        if self.hooks.len() >= HOOKS_LIMIT {
            return Err(Refusal::rule(format!("there are at most {HOOKS_LIMIT} webhooks")));
        }
        self.last_number += 1;
        let id = ids::uuid(self.last_number);
        self.hooks.push((id.clone(), url.to_owned()));
        Ok(hook_json(&id, url))
    }

    /// `GET /webhooks`
    pub(crate) fn list(&self) -> Value {
        self.hooks.iter().map(|(id, url)| hook_json(id, url)).collect()
    }

    /// `DELETE /webhooks/{id}`; what it answers is not described, so it is the webhook removed (inferred).
    pub(crate) fn remove(&mut self, id: &str) -> Result<Value, Refusal> {
        let at = self.hooks.iter().position(|(held, _)| held == id);
        let at = at.ok_or_else(|| Refusal::new(ErrorId::NotFound, "no such webhook"))?;
        let (id, url) = self.hooks.remove(at);
        Ok(hook_json(&id, &url))
    }

    /// All notices waiting.
    pub(crate) fn take(&mut self) -> Vec<Notice> {
        self.notices.drain(..).collect()
    }

    fn push(&mut self, body: &Value) {
        for (_, url) in &self.hooks {
            if self.notices.len() >= NOTICES_LIMIT {
                self.notices.pop_front();
            }
            self.notices.push_back(Notice { url: url.clone(), body: body.clone() });
        }
    }
}

fn hook_json(id: &str, url: &str) -> Value {
    json!({"id": id, "event": EVENT, "url": url})
}

impl Shop {
    /// Runs a change of a booking and writes notices of what it changed.
    pub(crate) fn noticed<T>(&mut self, uuid: &str, change: impl FnOnce(&mut Self) -> T) -> T {
        if self.hooks.hooks.is_empty() {
            return change(self);
        }
        let before = self.tell(uuid, Applied::default()).unwrap_or_default();
        let changed = change(self);
        let after = self.tell(uuid, Applied::default()).unwrap_or_default();
        if before != after {
            self.hooks.push(&json!({"diff": diff(&before, &after), "booking": after}));
        }
        changed
    }
}

/// The fields at the top that changed; `op` is always `replace` (inferred).
fn diff(before: &Value, after: &Value) -> Vec<Value> {
    let fields = after.as_object().into_iter().flatten();
    let changed = fields.filter(|(name, value)| before.get(name.as_str()) != Some(*value));
    let told = changed.map(
        |(name, value)| json!({"op": "replace", "path": format!("/{name}"), "was": before.get(name), "value": value}),
    );
    told.collect()
}
