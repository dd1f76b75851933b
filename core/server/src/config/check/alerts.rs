//! Webhooks: whom they are about, and what their form asks for.

use serde_json::Value;

use super::Checker;
use crate::config::fault::nearest;
use crate::config::key::Key;

impl Checker<'_> {
    /// Checks every webhook.
    pub(super) fn alerts(&mut self) {
        let webhooks = Key::of(&["alerts", "webhooks"]);
        let count = webhooks.find(self.value).and_then(Value::as_array).map_or(0, Vec::len);
        for webhook in (0..count).map(|index| webhooks.at(index)) {
            self.webhook(&webhook);
        }
    }

    fn webhook(&mut self, webhook: &Key) {
        let known: Vec<&str> = self.entries(&Key::of(&["merchants"])).into_iter().map(|(id, _)| id).collect();
        let merchant = webhook.child("merchant");
        if let Some(named) = self.text(&merchant).filter(|named| !known.contains(named)) {
            let fault = self.fault(&merchant, "no merchant has this id").found(format!("the text {named:?}"));
            let fault = fault.expected(known.join(", ")).suggest(nearest(named, known.iter().copied()));
            self.faults.push(fault);
        }
        let secret = webhook.child("secret");
        let form = self.text(&webhook.child("form")).unwrap_or_default();
        if secret.find(self.value).is_some() && form != "dingtalk" {
            let fault = self.fault(&secret, "signs nothing in this form").found(format!("form = {form:?}"));
            self.faults.push(fault.expected("no secret; or form = \"dingtalk\""));
        }
    }
}
