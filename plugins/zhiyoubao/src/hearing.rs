//! Notifications (§8). Their signature covers the order number alone: a captured one can be sent again with other
//! numbers. So they are a reason to ask, and nothing in them is believed.

use entrepot_sdk::contract::hearing::{About, Heard, Named, News};
use entrepot_sdk::prelude::*;
use entrepot_sdk::sign;

const CHECKED: &str = "checked";
const FINISHED: &str = "finished";
const REFUNDED: &str = "refunded";

/// The gateway waits for an answer about as long as its clients do (§1).
const LIMIT_MS: u32 = 5_000;

/// One address for each notification; all are `GET`.
pub(crate) fn scenes() -> Vec<SceneCard> {
    let scene = |name, action| SceneCard { name, action, method: "GET", path: name, limit_ms: LIMIT_MS, fact: true };
    vec![scene(CHECKED, "核销通知"), scene(FINISHED, "完结通知"), scene(REFUNDED, "退票通知")]
}

/// The bare words that the gateway reads.
pub(crate) fn ready_answers() -> Vec<ReadyAnswers> {
    let of = |scene: &str| {
        Some(ReadyAnswers {
            scene: SceneName::parse(scene).ok()?,
            busy: word("failure"),
            timed_out: word("failure"),
            refused: word("failure"),
            unplaced: word("success"),
            stored: None,
            malformed: word("failure"),
        })
    };
    [CHECKED, FINISHED, REFUNDED].into_iter().filter_map(of).collect()
}

fn word(word: &str) -> RawResponse {
    RawResponse { status: 200, content_type: "text/plain; charset=utf-8".to_owned(), body: word.as_bytes().to_vec() }
}

/// What a notification tells: which order to ask about, and what.
pub(crate) fn hear(raw: &RawRequest, private_key: &Secret) -> Result<Heard, Fault> {
    let parameters = http::pairs(&raw.query, PARAMETERS_LIMIT)?;
    let (name, number) = parameters
        .iter()
        .find(|(name, _)| matches!(plain(name).as_str(), "orderno" | "ordercode"))
        .ok_or_else(|| Fault::invalid("the notification names no order"))?;
    let given = parameters.iter().find(|(name, _)| plain(name) == "sign").map_or("", |(_, sign)| sign.as_str());
    if !signed(name, number, given, private_key.expose()) {
        return Err(Fault::not_done(FaultKind::Unauthenticated, "the notification's signature does not hold"));
    }
    let order = OrderId::parse(number.clone()).map_err(|fault| Fault::invalid(fault.to_string()))?;
    let about = match raw.scene.as_str() {
        CHECKED => About::Usage,
        REFUNDED => About::Cancellation,
        _ => About::Everything,
    };
    Ok(Heard {
        news: vec![News::Ask { order: Named::Ours { order }, about }],
        reply: word("success"),
        partner_trace: None,
    })
}

/// The forms that were seen: with the parameter's own name in front, with either of its two names, or bare.
fn signed(name: &str, number: &str, given: &str, private_key: &str) -> bool {
    let named = |name: &str| sign::md5_hex(&[name, "=", number, private_key]);
    let forms = [named(name), named("order_no"), named("order_code"), sign::md5_hex(&[number, private_key])];
    let given = given.to_ascii_lowercase();
    forms.iter().any(|form| sign::same(form, &given))
}

/// A parameter's name without regard to case and underscores: several spellings were seen.
fn plain(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

/// Most parameters of one notification.
const PARAMETERS_LIMIT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";
    const ORDER: &str = "M20260301000001";

    fn call(scene: &str, query: &str) -> RawRequest {
        RawRequest {
            scene: SceneName::parse(scene).unwrap(),
            method: "GET".to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// §8 with §1's signatures.
    #[test]
    fn the_page_s_three_notifications_are_reasons_to_ask() {
        let key = Secret::new(KEY);
        for (scene, query, about) in [
            (
                CHECKED,
                format!(
                    "order_no={ORDER}&status=check&total=2&checkNum=1&returnNum=0&sign=a9ba4a6f3264a34bdcc73a0a7f37c8e9"
                ),
                About::Usage,
            ),
            (
                FINISHED,
                format!(
                    "order_code={ORDER}&status=cancle&total=2&checkNum=0&returnNum=2&sign=a8bfe9d1c751efdd067b7e2d61c37591"
                ),
                About::Everything,
            ),
            (
                REFUNDED,
                format!(
                    "retreatBatchNo=5a0c&order_Code={ORDER}&subOrderCode={ORDER}-1&auditStatus=success&returnNum=1&sign=31be92d8318feeec4562b176cca5ef3d"
                ),
                About::Cancellation,
            ),
        ] {
            let heard = hear(&call(scene, &query), &key).unwrap();
            let order = Named::Ours { order: OrderId::parse(ORDER).unwrap() };
            assert_eq!(heard.news, vec![News::Ask { order, about }], "{scene}");
            assert_eq!(heard.reply.body, b"success");
        }
    }

    #[test]
    fn a_notification_of_another_order_or_without_a_signature_is_not_heard() {
        let key = Secret::new(KEY);
        let stolen = "order_no=M20260301000002&sign=a9ba4a6f3264a34bdcc73a0a7f37c8e9";
        for query in [stolen, "order_no=M20260301000001", "order_no=M20260301000001&sign="] {
            let fault = hear(&call(CHECKED, query), &key).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unauthenticated, "{query}");
        }
        assert_eq!(hear(&call(CHECKED, "status=check"), &key).unwrap_err().kind, FaultKind::Invalid);
    }
}
