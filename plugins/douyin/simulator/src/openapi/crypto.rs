//! Decrypt, decrypt-and-mask and encrypt in batches (common §8.3).

use super::fields::{Answer, Fields, Refusal};
use super::request::Request;
use crate::cipher::mask;
use serde_json::{Map, Value, json};

/// Texts per call.
const BATCH_MAX: usize = 50;

/// Error code of one ciphertext that cannot be opened (ours).
const CANNOT_OPEN: i64 = 1;

fn batch<'a>(request: &Request<'a>, name: &str) -> Result<&'a [Value], Refusal> {
    let fields = request.fields();
    request.authorised(fields.text("account_id")?)?;
    let list = fields.list(name)?;
    if list.len() > BATCH_MAX {
        return Err(Refusal::parameter(format!("{name} holds more than {BATCH_MAX}")));
    }
    Ok(list)
}

fn results(list: Vec<Value>) -> Answer {
    let mut payload = Map::new();
    payload.insert("results".into(), list.into());
    Ok(payload)
}

/// `decrypt/batch/`: charges the quota, one unit per ciphertext.
pub(crate) fn decrypt(request: &Request<'_>) -> Answer {
    let list = batch(request, "cipher_texts")?;
    let charge = u64::try_from(list.len()).unwrap_or(u64::MAX);
    {
        let mut world = request.shared.world();
        let after = world.decrypted.saturating_add(charge);
        if after > request.shared.options.decrypt_quota {
            return Err(Refusal::new(2_190_001, "quota used up"));
        }
        world.decrypted = after;
    }
    open_all(request, list, &|plain| plain)
}

/// `decrypt_mask/batch/`: free of charge.
pub(crate) fn decrypt_mask(request: &Request<'_>) -> Answer {
    let list = batch(request, "cipher_texts")?;
    open_all(request, list, &|plain| mask(&plain))
}

fn open_all(request: &Request<'_>, list: &[Value], show: &dyn Fn(String) -> String) -> Answer {
    let mut opened = Vec::with_capacity(list.len());
    for value in list {
        let Some(cipher_text) = value.as_str() else {
            return Err(Refusal::parameter("cipher_texts must hold strings"));
        };
        let plain = request.shared.vault.decrypt(cipher_text).map(show);
        let good = plain.is_some();
        opened.push(json!({
            "cipher_text": cipher_text,
            "plain_text": plain.unwrap_or_default(),
            "is_success": good,
            "error_code": if good { 0 } else { CANNOT_OPEN },
            "error_msg": if good { "" } else { "the text cannot be decrypted" },
        }));
    }
    results(opened)
}

/// `encrypt/batch/`.
pub(crate) fn encrypt(request: &Request<'_>) -> Answer {
    let mut sealed = Vec::new();
    for value in batch(request, "plain_texts")? {
        let fields = Fields::of(value);
        let text = fields.text("text")?;
        fields.int("text_type")?;
        sealed.push(json!({
            "cipher_text": request.shared.vault.encrypt(text),
            "plain_text": text,
            "error_code": 0,
            "error_msg": "",
        }));
    }
    results(sealed)
}
