//! `POST /oauth/client_token/` and the life of tokens (`spec/douyin-common.md` §3).

use super::fields::Fields;
use crate::platform::Shared;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The token call.
pub const TOKEN_PATH: &str = "/oauth/client_token/";

const VALID_MS: i64 = 7_200_000;
const GRACE_MS: i64 = 300_000;
const WINDOW_MS: i64 = 300_000;
const FETCHES_MAX: usize = 500;
/// Dead tokens that are remembered, to tell "expired" from "unknown".
const MEMORY: usize = 1_000;

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenState {
    Good,
    /// 2190002.
    Unknown,
    /// 2190008.
    Expired,
}

#[derive(Clone, Debug)]
struct Token {
    text: String,
    ends_ms: i64,
    displaced: bool,
}

/// Tokens issued, newest last, and the fetches of the last five minutes.
#[derive(Debug, Default)]
pub(crate) struct TokenBook {
    tokens: VecDeque<Token>,
    recent_ms: VecDeque<i64>,
    fetches: u64,
}

impl TokenBook {
    pub(crate) fn fetches(&self) -> u64 {
        self.fetches
    }

    pub(crate) fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// Counts a fetch; false when there were more than 500 in five minutes.
    fn admit(&mut self, now_ms: i64) -> bool {
        while self.recent_ms.front().is_some_and(|at| now_ms - at >= WINDOW_MS) {
            self.recent_ms.pop_front();
        }
        if self.recent_ms.len() >= FETCHES_MAX {
            return false;
        }
        self.recent_ms.push_back(now_ms);
        true
    }

    /// Stores a new token: the one before lives five minutes more, those before that die.
    fn issue(&mut self, text: String, now_ms: i64) {
        let count = self.tokens.len();
        for (place, token) in self.tokens.iter_mut().enumerate() {
            if place + 1 == count {
                token.ends_ms = token.ends_ms.min(now_ms + GRACE_MS);
            } else {
                token.displaced = true;
            }
        }
        if count == MEMORY {
            self.tokens.pop_front();
        }
        self.tokens.push_back(Token { text, ends_ms: now_ms + VALID_MS, displaced: false });
        self.fetches += 1;
    }

    pub(crate) fn judge(&self, text: &str, now_ms: i64) -> TokenState {
        match self.tokens.iter().find(|token| token.text == text) {
            Some(token) if token.displaced => TokenState::Unknown,
            Some(token) if now_ms >= token.ends_ms => TokenState::Expired,
            Some(_) => TokenState::Good,
            None => TokenState::Unknown,
        }
    }
}

/// Answers the token call; also gives the error_code.
pub(crate) fn fetch(shared: &Shared, body: &Value) -> (Value, i64) {
    let answer = try_fetch(shared, body);
    let (token, code, text) = match answer {
        Ok(token) => (token, 0, ""),
        Err((code, text)) => (String::new(), code, text),
    };
    let data = json!({
        "access_token": token,
        "description": text,
        "error_code": code,
        "expires_in": if code == 0 { VALID_MS / 1000 } else { 0 },
    });
    (json!({"data": data, "message": if code == 0 { "success" } else { "error" }}), code)
}

fn try_fetch(shared: &Shared, body: &Value) -> Result<String, (i64, &'static str)> {
    const PARAMETER: (i64, &str) = (10_002, "parameter error");
    let fields = Fields::of(body);
    let key = fields.text("client_key").map_err(|_| PARAMETER)?;
    let secret = fields.text("client_secret").map_err(|_| PARAMETER)?;
    let grant_type = fields.text("grant_type").map_err(|_| PARAMETER)?;
    if grant_type != "client_credential" {
        return Err(PARAMETER);
    }
    let options = &shared.options;
    if key != options.client_key {
        return Err((10_003, "unknown client_key"));
    }
    if secret != options.client_secret {
        return Err((10_013, "wrong client_key or client_secret"));
    }
    let now_ms = shared.now_ms();
    let mut world = shared.world();
    if !world.tokens.admit(now_ms) {
        return Err((10_020, "too many token requests"));
    }
    let token = format!("clt.{:032x}", shared.ids.number());
    world.tokens.issue(token.clone(), now_ms);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_tokens_live() {
        let mut book = TokenBook::default();
        book.issue("a".into(), 0);
        assert_eq!(book.judge("a", VALID_MS - 1), TokenState::Good);
        assert_eq!(book.judge("a", VALID_MS), TokenState::Expired);
        book.issue("b".into(), 1_000);
        assert_eq!(book.judge("a", 1_000 + GRACE_MS - 1), TokenState::Good);
        assert_eq!(book.judge("a", 1_000 + GRACE_MS), TokenState::Expired);
        book.issue("c".into(), 2_000);
        assert_eq!(book.judge("a", 2_000), TokenState::Unknown);
        assert_eq!(book.judge("b", 2_000), TokenState::Good);
        assert_eq!(book.judge("x", 2_000), TokenState::Unknown);
    }

    #[test]
    fn five_hundred_fetches_in_five_minutes() {
        let mut book = TokenBook::default();
        assert!((0..500).all(|_| book.admit(0)));
        assert!(!book.admit(WINDOW_MS - 1));
        assert!(book.admit(WINDOW_MS));
    }
}
