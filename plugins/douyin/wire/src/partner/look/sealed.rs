//! Guests' data under Douyin's own encryption. Common §8.3: 50 texts a call, and each counts against a daily quota, so the
//! same text is asked for once. Nothing opened or sealed reaches a log or a fault.

use entrepot_sdk::contract::looking::{Opened, Sealed};
use entrepot_sdk::prelude::*;
use serde_json::json;

use crate::client::logid;
use crate::partner::Partner;
use crate::partner::calls::account;
use crate::trade::{DECRYPT_LIMIT, Decrypted, DecryptedText};

/// Decryption. Common §8.3, `documented` path, field names `seen in client code`.
const DECRYPT: (&str, &str) = ("decrypt_batch", "/goodlife/v1/open/common_biz/crypto/decrypt/batch/");

/// Opens texts, each asked for once however often it is given; what Douyin does not open stays none.
pub async fn open<S: Sync>(partner: &Partner, call: &Call<S>, sealed: &Sealed) -> Result<Seen, Fault> {
    let mut asked: Vec<&str> = Vec::new();
    for text in &sealed.texts {
        if !asked.contains(&text.as_str()) {
            asked.push(text);
        }
    }
    let mut opened: Vec<Option<String>> = Vec::new();
    for texts in asked.chunks(DECRYPT_LIMIT) {
        opened.extend(batch(partner, call, texts).await?);
    }
    let told = |text: &String| {
        let place = asked.iter().position(|known| known == text)?;
        opened.get(place).cloned().flatten()
    };
    Ok(Seen::Opened(Opened { texts: sealed.texts.iter().map(told).collect() }))
}

/// One call. A result belongs to the text at its place; one that names another text is nobody's.
async fn batch<S: Sync>(partner: &Partner, call: &Call<S>, texts: &[&str]) -> Result<Vec<Option<String>>, Fault> {
    let (api, path) = DECRYPT;
    let body = json!({"account_id": account(call)?, "cipher_texts": texts});
    let answer = partner.client.post(call, api, path, &body).await?;
    let found: Decrypted = answer.read(api)?;
    let other =
        |(result, text): (&DecryptedText, &&str)| result.cipher_text.as_ref().is_some_and(|named| named != text);
    if found.results.len() != texts.len() || found.results.iter().zip(texts).any(other) {
        let (asked, told, trace) = (texts.len(), found.results.len(), logid(answer.logid.as_deref()));
        let text = format!("{api}: {asked} texts were asked for, and {told} results, or others, came{trace}");
        return Err(Fault::garbled(text));
    }
    Ok(found.results.into_iter().map(DecryptedText::opened).collect())
}
