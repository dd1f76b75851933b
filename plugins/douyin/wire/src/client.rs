//! Calls to Douyin's OpenAPI through the host: one token per application in the whole deployment, the headers every
//! call carries, and failures in the contract's words.
//!
//! Common spec §3 (token, `documented`; refresh at 75 % and the answer to an invalid token, `inferred`), §4 (headers
//! and envelope, `documented`), §5 (codes, `documented`).
//!
//! Douyin keeps only the two newest tokens of an application alive, so two processes that each fetch kill each
//! other's. Therefore the token lives in the host's shared cache and whoever wants to fetch first writes a claim there
//! by compare-and-swap. Everybody else goes on with the old token while it lives, or comes back later.
//!
//! Fault texts name the call, Douyin's codes and its request id (logid). They never hold a token, a body, or Douyin's
//! own text, which may quote what we sent.

use entrepot_sdk::contract::fault::{Effect, Fault, FaultKind};
use entrepot_sdk::contract::message::TokenMode;
use entrepot_sdk::contract::services::{HttpRequest, LogLevel};
use entrepot_sdk::contract::time::Timestamp;
use entrepot_sdk::{Call, OpenContext, Secret, http};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::envelope::{ApiAnswer, ApiFault};
use crate::faults::{FaultClass, lookup};

/// The token call. Common §3, `documented`.
pub const TOKEN_PATH: &str = "/oauth/client_token/";
/// The token call's name in limits, metrics and the interface log.
pub const TOKEN_API: &str = "client_token";
/// Where the token lies in the application's shared cache.
pub const TOKEN_CACHE_KEY: &str = "client_token";

/// How long a claim to fetch the token holds, in milliseconds; longer than the fetch may take (`inferred`).
const CLAIM_MS: i64 = 10_000;
/// How long the token call may take, in milliseconds (`inferred`).
const FETCH_TIMEOUT_MS: u32 = 8_000;
/// After a failed fetch nobody tries again for so long, in milliseconds: 500 fetches in 5 minutes are the limit
/// (common §3, `documented`; the pause is `inferred`).
const PAUSE_MS: i64 = 2_000;
/// When a caller without a token should come back, in milliseconds, at most (`inferred`).
const COME_BACK_MS: i64 = 1_000;
/// When to come back after "too many calls", in milliseconds (`inferred`).
const BACK_OFF_MS: u64 = 10_000;
/// When to come back after a fresh token was refused, in milliseconds (`inferred`).
const REFUSED_TOKEN_MS: u64 = 60_000;
/// Lost races for the cache before giving up; each one means that somebody else moved on.
const SWAP_TRIES: u32 = 5;
/// The longest life of a token that is believed, in seconds (`inferred`; 7200 is documented).
const LIFE_LIMIT_S: i64 = 30 * 86_400;

/// One application's way to the OpenAPI. All its connections share it.
#[derive(Clone)]
pub struct ApiClient {
    /// The partner's base URL, without a slash at its end. Common §2, `documented`.
    pub base_url: String,
    /// The application's id.
    pub client_key: Secret,
    /// The application's secret.
    pub client_secret: Secret,
    /// Whether the token is fetched or was handed out (common §2: sandbox applications have a fixed one).
    pub token_mode: TokenMode,
    /// The token of mode `fixed`.
    pub fixed_token: Option<Secret>,
    /// Headers added to every call, such as the sandbox's marker. Common §2, `inferred`.
    pub extra_headers: Vec<(String, String)>,
}

impl ApiClient {
    /// Reads what the host knows of the application: base URL, secrets `client_key` and `client_secret`, and
    /// `fixed_token` only when the token mode asks for it.
    pub async fn open(context: &OpenContext) -> Result<Self, Fault> {
        let fixed_token = match context.token_mode {
            TokenMode::Fixed => Some(secret(context, "fixed_token").await?),
            TokenMode::ClientToken => None,
            TokenMode::Unknown => return Err(Fault::invalid("token_mode: this build does not know it")),
        };
        Ok(Self {
            base_url: context.base_url()?.to_owned(),
            client_key: secret(context, "client_key").await?,
            client_secret: secret(context, "client_secret").await?,
            token_mode: context.token_mode,
            fixed_token,
            extra_headers: context.extra_headers.clone(),
        })
    }

    /// The token to use now. Fetches one when none is left or three quarters of its life are over, and nobody else
    /// is at it; `Unavailable` with `retry_after_ms` when there is none and somebody else is.
    pub async fn token<S: Sync>(&self, call: &Call<S>) -> Result<Secret, Fault> {
        self.token_but(call, None).await
    }

    /// `POST path` with a JSON body. `api` names the call in limits, metrics and the interface log.
    pub async fn post<S: Sync>(
        &self,
        call: &Call<S>,
        api: &str,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<ApiAnswer, Fault> {
        let text = serde_json::to_string(body)
            .map_err(|_| Fault::invalid(format!("{api}: the body cannot be written as JSON")))?;
        let url = self.url(path);
        let request = |token: &Secret| {
            let outgoing = http::post(api, url.as_str()).body("application/json", text.as_str());
            self.finish(call, outgoing, token)
        };
        self.send(call, api, request).await
    }

    /// `GET path` with these query parameters; lists are comma-joined by the caller. Common §4, `documented`.
    pub async fn get<S: Sync>(
        &self,
        call: &Call<S>,
        api: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<ApiAnswer, Fault> {
        let url = match query {
            [] => self.url(path),
            pairs => format!("{}?{}", self.url(path), http::query(pairs)),
        };
        let request = |token: &Secret| {
            // The content type is asked for on GET, too.
            let outgoing = http::get(api, url.as_str()).header("content-type", "application/json");
            self.finish(call, outgoing, token)
        };
        self.send(call, api, request).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The headers of common §4, `documented`; the extra ones of §2, `inferred`.
    fn finish<S>(&self, call: &Call<S>, outgoing: http::Outgoing, token: &Secret) -> HttpRequest {
        let outgoing = outgoing.secret_header("access-token", token);
        let outgoing = match &call.connection.account {
            Some(account) => outgoing.header("rpc-transit-life-account", account.as_str()),
            None => outgoing,
        };
        outgoing.headers(&self.extra_headers).build()
    }

    /// One call; a second one with another token when Douyin refused the first one's. Common §3, `inferred`.
    async fn send<S: Sync>(
        &self,
        call: &Call<S>,
        api: &str,
        request: impl Fn(&Secret) -> HttpRequest + Send + Sync,
    ) -> Result<ApiAnswer, Fault> {
        let token = self.token(call).await?;
        let fault = match once(call, request(&token)).await? {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        if fault.class != FaultClass::RefreshToken {
            return Err(told(api, &fault));
        }
        call.log(LogLevel::Warn, &format!("{api}: the token was refused, another is used"));
        let token = self.token_but(call, Some(&token)).await?;
        once(call, request(&token)).await?.map_err(|fault| told(api, &fault))
    }

    /// The token to use now, but not the one that Douyin just refused.
    async fn token_but<S: Sync>(&self, call: &Call<S>, refused: Option<&Secret>) -> Result<Secret, Fault> {
        if self.token_mode == TokenMode::Fixed {
            return self.fixed(refused);
        }
        for _ in 0..SWAP_TRIES {
            let now = call.now();
            let found = call.cache_get(TOKEN_CACHE_KEY).await?;
            let stamp = found.as_ref().map_or(0, |cached| cached.stamp);
            let cell = Cell::read(found.as_ref().map(|cached| cached.value.as_str()), now, refused);
            if let Some(token) = cell.settled(now)? {
                return Ok(token);
            }
            let claim = cell.claimed(now.plus_millis(CLAIM_MS));
            if let Some(stamp) = claim.swap(call, stamp, now).await? {
                return self.refresh(call, cell, stamp).await;
            }
        }
        let fault = Fault::not_done(FaultKind::Unavailable, "the token changes hands too often");
        Err(later(fault, COME_BACK_MS))
    }

    fn fixed(&self, refused: Option<&Secret>) -> Result<Secret, Fault> {
        match (&self.fixed_token, refused) {
            (Some(token), None) => Ok(token.clone()),
            (Some(_), Some(_)) => Err(Fault::not_done(
                FaultKind::Refused,
                "Douyin refuses the fixed token: an operator must replace the secret fixed_token",
            )),
            (None, _) => Err(Fault::not_done(
                FaultKind::Refused,
                "there is no fixed token: an operator must set the secret fixed_token",
            )),
        }
    }

    /// Fetches a token under the claim with this stamp and writes it into the cache. When that fails, `before` stays,
    /// and its token serves as long as it lives.
    async fn refresh<S: Sync>(&self, call: &Call<S>, before: Cell, stamp: u64) -> Result<Secret, Fault> {
        let fetched = self.fetch(call).await;
        let now = call.now();
        let (cell, answer) = match fetched {
            Ok(cell) => {
                let token = cell.text();
                (cell, token.ok_or_else(|| without_effect(Fault::garbled("no token"))))
            }
            Err(fault) => {
                let pause = before.claimed(now.plus_millis(PAUSE_MS));
                call.log(LogLevel::Warn, &format!("no new token: {}", fault.text));
                let token = before.text().filter(|_| before.lives(now));
                (pause, token.ok_or(fault))
            }
        };
        // A swap that is lost or fails changes nothing for this call: its token is good for five minutes at least.
        if let Err(fault) = cell.swap(call, stamp, now).await {
            call.log(LogLevel::Warn, &format!("the token cache: {}", fault.text));
        }
        answer
    }

    /// Common §3, `documented`.
    async fn fetch<S: Sync>(&self, call: &Call<S>) -> Result<Cell, Fault> {
        let body = json!({
            "client_key": self.client_key.expose(),
            "client_secret": self.client_secret.expose(),
            "grant_type": "client_credential",
        });
        let request = http::post(TOKEN_API, self.url(TOKEN_PATH))
            .json(&body)
            .headers(&self.extra_headers)
            .timeout_ms(FETCH_TIMEOUT_MS)
            .build();
        // Whatever became of the token call, the call that needed the token was not made.
        let answered = once(call, request).await.map_err(without_effect)?;
        let answer = answered.map_err(|fault| without_effect(told(TOKEN_API, &fault)))?;
        Cell::of_answer(&answer.data, call.now()).ok_or_else(|| {
            without_effect(Fault::garbled(format!(
                "{TOKEN_API}: the answer holds no usable token{}",
                logid(answer.logid.as_deref())
            )))
        })
    }
}

async fn secret(context: &OpenContext, name: &str) -> Result<Secret, Fault> {
    let secret = context.secret(name).await?;
    if secret.expose().is_empty() {
        return Err(Fault::invalid(format!("the secret {name} is empty")));
    }
    Ok(secret)
}

async fn once<S: Sync>(call: &Call<S>, request: HttpRequest) -> Result<Result<ApiAnswer, ApiFault>, Fault> {
    let response = call.http(request).await?;
    Ok(ApiAnswer::parse(response.status, response.body.as_bytes()))
}

/// What lies in the shared cache: a token with its life, and who may fetch the next one.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cell {
    token: Option<String>,
    fetched_at: Timestamp,
    expires_at: Timestamp,
    /// Until then somebody is fetching, or a failed fetch is not repeated.
    claimed_until: Timestamp,
}

impl Cell {
    /// What the cache holds, without a token that is over or was refused. What cannot be read counts as nothing.
    fn read(text: Option<&str>, now: Timestamp, refused: Option<&Secret>) -> Self {
        let mut cell: Self = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let refused = refused.is_some_and(|secret| cell.token.as_deref() == Some(secret.expose()));
        if refused || !cell.lives(now) {
            cell.token = None;
        }
        cell
    }

    /// The token of an answer: `access_token`, `expires_in` in seconds as number or string. Common §3, `documented`.
    fn of_answer(data: &Value, now: Timestamp) -> Option<Self> {
        let token = data["access_token"].as_str()?;
        let visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let life = &data["expires_in"];
        let life_s = life.as_i64().or_else(|| life.as_str()?.parse().ok())?;
        ((1..=LIFE_LIMIT_S).contains(&life_s) && visible).then(|| Self {
            token: Some(token.to_owned()),
            fetched_at: now,
            expires_at: now.plus_millis(life_s * 1000),
            claimed_until: Timestamp::default(),
        })
    }

    fn text(&self) -> Option<Secret> {
        self.token.as_deref().map(Secret::new)
    }

    fn lives(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    fn claimed(&self, until: Timestamp) -> Self {
        Self { claimed_until: until, ..self.clone() }
    }

    /// The token, when there is one and it is young or somebody else is fetching the next. `None`: fetch one.
    fn settled(&self, now: Timestamp) -> Result<Option<Secret>, Fault> {
        let claimed = now < self.claimed_until;
        let life = self.expires_at.since(self.fetched_at);
        let young = self.lives(now) && now.since(self.fetched_at) < life / 4 * 3;
        match self.text() {
            Some(token) if young || claimed => Ok(Some(token)),
            None if claimed => {
                let text = "the token is being fetched by another call, or could not be fetched";
                let fault = Fault::not_done(FaultKind::Unavailable, text);
                let left = self.claimed_until.since(now);
                Err(later(fault, left.min(COME_BACK_MS)))
            }
            _ => Ok(None),
        }
    }

    async fn swap<S: Sync>(&self, call: &Call<S>, expected: u64, now: Timestamp) -> Result<Option<u64>, Fault> {
        let text = serde_json::to_string(self)
            .map_err(|_| Fault::not_done(FaultKind::Internal, "the token cannot be stored"))?;
        let until = match self.token {
            Some(_) => self.expires_at.max(self.claimed_until),
            None => self.claimed_until,
        };
        let lives_ms = u64::try_from(until.since(now)).unwrap_or(0).max(1);
        call.cache_swap(TOKEN_CACHE_KEY, expected, &Secret::new(text), lives_ms).await
    }
}

fn later(mut fault: Fault, ms: i64) -> Fault {
    fault.retry_after_ms = u64::try_from(ms).ok();
    fault
}

fn without_effect(fault: Fault) -> Fault {
    Fault { effect: Effect::NotDone, ..fault }
}

/// A failed call in the contract's words.
///
/// | class | kind | effect |
/// |---|---|---|
/// | retry | `Unavailable`, `Garbled` for an answer that cannot be read | not done, unknown where the code is unclear |
/// | back off | `RateLimited` | the same |
/// | refused | `Refused` | the same |
/// | operator | `Refused`, and the text says that a person has to act | the same |
/// | a fresh token refused | `Unavailable`: somebody else uses the same key | not done |
#[must_use]
pub fn told(api: &str, fault: &ApiFault) -> Fault {
    let what = describe(api, fault);
    let (kind, text, retry_after_ms) = match fault.class {
        FaultClass::Retry if fault.code.is_none() && fault.http_status < 300 => (FaultKind::Garbled, what, None),
        FaultClass::Retry => (FaultKind::Unavailable, what, None),
        FaultClass::BackOff => (FaultKind::RateLimited, what, Some(BACK_OFF_MS)),
        FaultClass::Refused => (FaultKind::Refused, what, None),
        FaultClass::Operator => {
            let text = format!("{what}; an operator must act: {}", advice(fault));
            (FaultKind::Refused, text, None)
        }
        FaultClass::RefreshToken => {
            let text = format!("{what}; the token in use was refused twice: does another system use this client_key?");
            (FaultKind::Unavailable, text, Some(REFUSED_TOKEN_MS))
        }
    };
    let effect = if fault.unclear { Effect::Unknown } else { Effect::NotDone };
    let code = fault.sub_code.or(fault.code);
    Fault { kind, effect, text, partner_code: code.map(|code| code.to_string()), retry_after_ms }
}

fn describe(api: &str, fault: &ApiFault) -> String {
    let mut text = format!("{api}: Douyin answered");
    match fault.code {
        Some(code) => {
            let meaning = lookup(code).map_or("a code no page lists", |row| row.meaning);
            text.push_str(&format!(" code {code} ({meaning})"));
        }
        None => text.push_str(" without a code"),
    }
    if let Some(sub) = fault.sub_code {
        text.push_str(&format!(", sub code {sub}"));
    }
    if fault.http_status != 200 {
        text.push_str(&format!(", HTTP status {}", fault.http_status));
    }
    text + &logid(fault.logid.as_deref())
}

/// Douyin's request id, for its support: no secret, but somebody else's text.
#[must_use]
pub fn logid(logid: Option<&str>) -> String {
    let plain = |text: &&str| {
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    logid.filter(plain).map_or(String::new(), |logid| format!(", logid {logid}"))
}

/// What to do about a code of class operator. Common §5, `documented` meanings.
fn advice(fault: &ApiFault) -> &'static str {
    match fault.code {
        Some(10_002 | 10_003 | 10_013) => "check the secrets client_key and client_secret",
        Some(1508 | 2_119_005) => "the merchant has to authorise the application",
        Some(2_190_004 | 28_001_014 | 28_001_018 | 28_001_019) => {
            "the application needs this capability in the console"
        }
        Some(28_001_016) => "the application is banned or offline in the console",
        Some(2_119_008 | 2_119_010 | 5_000_001) => "ask Douyin's support, with the logid",
        None => "check base_url",
        Some(_) => "see the code in Douyin's documentation",
    }
}
