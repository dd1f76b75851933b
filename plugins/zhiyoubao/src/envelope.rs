//! A request as text (§2). The text is made once: what is signed is, byte for byte, what is sent (§1).

use entrepot_sdk::prelude::*;
use md5::{Digest, Md5};
use quick_xml::escape::escape;

use crate::china_time;
use crate::settings::ZhiyoubaoSettings;

/// A request being written.
pub(crate) struct Envelope {
    xml: String,
}

impl Envelope {
    pub(crate) fn new(name: &str, settings: &ZhiyoubaoSettings, now: Timestamp) -> Self {
        let mut envelope = Self { xml: "<PWBRequest>".to_owned() };
        envelope.text("transactionName", name);
        envelope.within("header", |header| {
            header.text("application", "SendCode");
            header.text("requestTime", &china_time::text(now));
        });
        envelope.within("identityInfo", |identity| {
            identity.text("corpCode", &settings.corp_code);
            identity.text("userName", &settings.user_name);
        });
        envelope
    }

    /// An element with a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.within(name, |element| element.xml.push_str(&escape(text)));
    }

    /// The same, left out when there is nothing to say.
    pub(crate) fn text_if(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// An element with others.
    pub(crate) fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        for part in ["<", name, ">"] {
            self.xml.push_str(part);
        }
        write(self);
        for part in ["</", name, ">"] {
            self.xml.push_str(part);
        }
    }

    /// `orderRequest/order/orderCode`, the body of most questions.
    pub(crate) fn order_code(&mut self, number: &str) {
        self.within("orderRequest", |body| body.within("order", |order| order.text("orderCode", number)));
    }

    /// The form that goes out.
    pub(crate) fn request(mut self, api: &str, url: &str, private_key: &Secret) -> http::Outgoing {
        self.xml.push_str("</PWBRequest>");
        let sign = request_sign(&self.xml, private_key.expose());
        http::post(api, url).form(&[("xmlMsg", &self.xml), ("sign", &sign)])
    }
}

/// Lower-case hex MD5.
pub(crate) fn md5_hex(parts: &[&str]) -> String {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The signature of a request (§1).
fn request_sign(xml: &str, private_key: &str) -> String {
    md5_hex(&["xmlMsg=", xml, private_key])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §1, V1.
    #[test]
    fn the_page_s_request_has_the_page_s_signature() {
        let settings = ZhiyoubaoSettings {
            corp_code: "DEMOCORP".to_owned(),
            user_name: "demo".to_owned(),
            ..ZhiyoubaoSettings::default()
        };
        let now = china_time::instant("2026-03-01 09:30:00").unwrap();
        let mut envelope = Envelope::new("QUERY_ORDER_NEW_REQ", &settings, now);
        envelope.order_code("M20260301000001");
        let key = Secret::new("0123456789ABCDEF0123456789ABCDEF");
        let request = envelope.request("QUERY_ORDER_NEW_REQ", "http://partner.test", &key).build();
        let body = request.body.unwrap();
        assert!(body.ends_with("&sign=5f847b51baa6a0a9c67d783e674e05c0"), "{body}");
    }

    #[test]
    fn texts_are_escaped() {
        let mut envelope = Envelope { xml: String::new() };
        envelope.text("linkName", "A<b>&\"c\"");
        assert_eq!(envelope.xml, "<linkName>A&lt;b&gt;&amp;&quot;c&quot;</linkName>");
    }
}
