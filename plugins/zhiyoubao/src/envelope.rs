//! A request as text (§2). The text is made once: what is signed is, byte for byte, what is sent (§1).

use entrepot_sdk::prelude::*;
use entrepot_sdk::{sign, xml};

use crate::settings::ZhiyoubaoSettings;

/// A request as text.
pub(crate) struct Envelope(String);

impl Envelope {
    /// The transaction's name, who asks, and a body.
    pub(crate) fn new(
        name: &str,
        settings: &ZhiyoubaoSettings,
        now: Timestamp,
        body: impl FnOnce(&mut xml::Writer),
    ) -> Self {
        Self(xml::document("PWBRequest", |request| {
            request.text("transactionName", name);
            request.within("header", |header| {
                header.text("application", "SendCode");
                header.text("requestTime", &Zone::CHINA.text(now));
            });
            request.within("identityInfo", |identity| {
                identity.text("corpCode", &settings.corp_code);
                identity.text("userName", &settings.user_name);
            });
            body(request);
        }))
    }

    /// The form that goes out.
    pub(crate) fn request(self, api: &str, url: &str, private_key: &Secret) -> http::Outgoing {
        // The signature of a request (§1).
        let sign = sign::md5_hex(&["xmlMsg=", &self.0, private_key.expose()]);
        http::post(api, url).form(&[("xmlMsg", &self.0), ("sign", &sign)])
    }
}

/// `orderRequest/order/orderCode`, the body of most questions.
pub(crate) fn order_code(request: &mut xml::Writer, number: &str) {
    request.within("orderRequest", |body| body.within("order", |order| order.text("orderCode", number)));
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
        let now = Zone::CHINA.instant("now", "2026-03-01 09:30:00").unwrap();
        let envelope = Envelope::new("QUERY_ORDER_NEW_REQ", &settings, now, |body| order_code(body, "M20260301000001"));
        let key = Secret::new("0123456789ABCDEF0123456789ABCDEF");
        let request = envelope.request("QUERY_ORDER_NEW_REQ", "http://partner.test", &key).build();
        let body = request.body.unwrap();
        assert!(body.ends_with("&sign=5f847b51baa6a0a9c67d783e674e05c0"), "{body}");
    }
}
