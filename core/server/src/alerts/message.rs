//! What a webhook is sent, in each form.

use entrepot_contract::ids::MerchantId;
use entrepot_domain::alert::AlertLevel;
use entrepot_engine::storage::OpenAlert;
use serde_json::{Value, json};

use crate::config::{Language, WebhookForm};

/// Longest text of a robot's message, in bytes: WeCom takes 2048.
const TEXT_LIMIT_BYTES: usize = 2_000;

/// The body.
pub(super) fn body(form: WebhookForm, language: Language, alert: &OpenAlert) -> Value {
    match form {
        WebhookForm::Json => json!({
            "merchant": alert.merchant,
            "kind": alert.alert.kind,
            "level": alert.alert.kind.level(),
            "title": title(language, alert),
            "subject": alert.alert.subject,
            "text": alert.alert.text,
            "at": alert.alert.at,
        }),
        WebhookForm::Dingtalk | WebhookForm::Wecom => {
            json!({ "msgtype": "text", "text": { "content": text(language, alert) } })
        }
    }
}

fn title(language: Language, alert: &OpenAlert) -> &'static str {
    let (chinese, english) = alert.alert.kind.titles();
    match language {
        Language::Zh => chinese,
        Language::En => english,
    }
}

/// Level and title, then whom it is about, then what happened.
fn text(language: Language, alert: &OpenAlert) -> String {
    let level = match (language, alert.alert.kind.level()) {
        (Language::Zh, AlertLevel::Notice) => "提示",
        (Language::Zh, AlertLevel::Warning) => "警告",
        (Language::Zh, AlertLevel::Urgent) => "紧急",
        (Language::En, AlertLevel::Notice) => "notice",
        (Language::En, AlertLevel::Warning) => "warning",
        (Language::En, AlertLevel::Urgent) => "urgent",
    };
    let merchant = alert.merchant.as_ref().map(MerchantId::as_str);
    let about: Vec<&str> = merchant.into_iter().chain([alert.alert.subject.as_str()]).collect();
    let mut text =
        format!("Entrepot [{level}] {}\n{}\n{}", title(language, alert), about.join(" · "), alert.alert.text);
    if text.len() > TEXT_LIMIT_BYTES {
        let end = (0..=TEXT_LIMIT_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use entrepot_contract::time::Timestamp;
    use entrepot_domain::alert::{Alert, AlertKind};

    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let alert = Alert {
            kind: AlertKind::PoolEmpty,
            subject: "swans".to_owned(),
            text: "码".repeat(1_000),
            at: Timestamp::from_millis(0),
        };
        let alert = OpenAlert { merchant: Some("lakeside".parse().unwrap()), alert };
        let body = body(WebhookForm::Wecom, Language::Zh, &alert);
        let text = body["text"]["content"].as_str().unwrap();
        assert!(text.len() <= 2_048 && text.ends_with("码…"), "{}", text.len());
        assert!(text.starts_with("Entrepot [紧急] 码库余量不足，订单无法发码\nlakeside · swans\n码"), "{text}");
    }
}
