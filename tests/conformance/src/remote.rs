//! A simulator behind a URL, for check files: it answers the plugin's calls, and a small control interface tells what
//! it believes. Plain HTTP on a loopback address; the suite speaks HTTP/1.0, one call a connection.
//!
//! | call | answer |
//! |---|---|
//! | `POST {control}/forget` | 200: it knows no order any more, and no button is pressed |
//! | `GET {control}/booked` | `[{"order", "product", "count", "date"?, "cost"?, "slot"?}]`, money as the contract writes it |
//! | `GET {control}/cancelled/{order}` | `{"by": "number", "numbers": [1]}` or `{"by": "count", "count": 1}` |
//! | `POST {control}/press` with a [button](crate::side::Button) | 200 `{}`; `{"call": …}` for `call`; 404: no such button |
//! | `POST {control}/sign` with a call | the call, made authentic (channels only); 404: it cannot |
//!
//! A call is `{"scene", "method", "query", "headers": [["name", "value"]], "body": {"text": "…"}}`.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::{HttpRequest, HttpResponse};
use entrepot_contract::supplier::UsedUnits;
use entrepot_sdk::http::segment;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::side::{Booked, Button, OtherSide, Pressed};

/// How long a simulator may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const ANSWER_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// A place on a simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    authority: String,
    path: String,
}

impl Address {
    /// An `http://HOST[:PORT][/PATH]`; other schemes are refused.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or_else(|| format!("expected http://HOST:PORT/…, found {url:?}"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains('@') {
            return Err(format!("expected http://HOST:PORT/…, found {url:?}"));
        }
        Ok(Self { authority: authority.to_owned(), path: format!("/{}", path.trim_end_matches('/')) })
    }

    /// A place below it.
    fn below(&self, path: &str) -> Self {
        let path = format!("{}/{path}", self.path.trim_end_matches('/'));
        Self { authority: self.authority.clone(), path }
    }
}

#[derive(Deserialize)]
struct Calling {
    call: Option<RawRequest>,
}

/// A simulator.
pub struct Remote {
    control: Address,
    trouble: Mutex<Option<String>>,
}

impl Remote {
    /// With its control interface there.
    #[must_use]
    pub const fn of(control: Address) -> Self {
        Self { control, trouble: Mutex::new(None) }
    }

    /// The same, and it knows no order any more.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn fresh(control: Address) -> Result<Self, String> {
        let remote = Self::of(control);
        match remote.ask("POST", "forget", "{}") {
            Ok((200..=299, _)) => Ok(remote),
            Ok((status, _)) => Err(format!("the partner's control answers POST forget with status {status}")),
            Err(fault) => Err(format!("the partner's control: {fault}")),
        }
    }

    /// Whether it makes calls authentic.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.ask("POST", "sign", "{}").is_ok_and(|(status, _)| status != 404)
    }

    /// The call, made authentic; as it is where the simulator fails.
    #[must_use]
    pub fn signed(&self, raw: RawRequest) -> RawRequest {
        let body = serde_json::to_string(&raw).unwrap_or_default();
        self.told("POST", "sign", &body).unwrap_or(raw)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), String> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let answer = exchange(&self.control.below(path), method, &headers, body);
        answer.map(|answer| (answer.status, answer.body)).map_err(|fault| fault.text)
    }

    /// What it tells; nothing, and a trouble, when it does not.
    fn told<T: DeserializeOwned>(&self, method: &str, path: &str, body: &str) -> Option<T> {
        let fault = match self.ask(method, path, body) {
            Ok((200..=299, answer)) => match serde_json::from_str(&answer) {
                Ok(told) => return Some(told),
                Err(fault) => fault.to_string(),
            },
            Ok((status, _)) => format!("status {status}"),
            Err(fault) => fault,
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(format!("its control, {method} {path}: {fault}"));
        None
    }
}

impl OtherSide for Remote {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let rest = request.url.strip_prefix("http://").unwrap_or_default();
        let (authority, target) = rest.split_once('/').unwrap_or((rest, ""));
        let place = Address { authority: authority.to_owned(), path: format!("/{target}") };
        exchange(&place, &request.method, &request.headers, request.body.as_deref().unwrap_or_default())
    }

    fn booked(&self) -> Vec<Booked> {
        self.told("GET", "booked", "").unwrap_or_default()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        self.told("GET", &format!("cancelled/{}", segment(order)), "").unwrap_or(UsedUnits::Unknown)
    }

    fn press(&self, button: &Button) -> Pressed {
        let body = serde_json::to_string(button).unwrap_or_default();
        match self.ask("POST", "press", &body) {
            Ok((200..=299, answer)) => match serde_json::from_str::<Calling>(&answer) {
                Ok(Calling { call: Some(raw) }) => Pressed::Calls(raw),
                _ => Pressed::Done,
            },
            _ => Pressed::Missing,
        }
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One call and its answer. Not reached: certainly without effect; no whole answer: nobody knows.
fn exchange(place: &Address, method: &str, headers: &[(String, String)], body: &str) -> Result<HttpResponse, Fault> {
    let authority = &place.authority;
    let unreached = |why: String| Fault::not_done(FaultKind::Unavailable, format!("{authority}: {why}"));
    let mut stream = connected(authority).map_err(unreached)?;
    let mut text =
        format!("{method} {} HTTP/1.0\r\nhost: {authority}\r\ncontent-length: {}\r\n", place.path, body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let unclear = |fault: std::io::Error| match fault.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Fault::unknown(FaultKind::TimedOut, "no answer in time"),
        _ => Fault::unknown(FaultKind::Unavailable, format!("{authority}: {fault}")),
    };
    stream.write_all(text.as_bytes()).map_err(unclear)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT_BYTES).read_to_end(&mut answer).map_err(unclear)?;
    read(&answer).ok_or_else(|| Fault::unknown(FaultKind::Unavailable, format!("{authority}: no HTTP answer")))
}

fn connected(authority: &str) -> Result<TcpStream, String> {
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let found = with_port.to_socket_addrs().map_err(|fault| fault.to_string())?.next();
    let address = found.ok_or_else(|| "no such host".to_owned())?;
    let stream = TcpStream::connect_timeout(&address, ANSWER_LIMIT).map_err(|fault| fault.to_string())?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).map_err(|fault| fault.to_string())?;
    Ok(stream)
}

/// An answer whose end is the connection's end.
fn read(answer: &[u8]) -> Option<HttpResponse> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    let body = String::from_utf8_lossy(&answer[end + 4..]).into_owned();
    Some(HttpResponse { status, headers: lines.filter_map(header).collect(), body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_are_plain_http() {
        let address = Address::parse("http://127.0.0.1:9000/control/").unwrap();
        assert_eq!(address.below("booked").path, "/control/booked");
        assert_eq!(Address::parse("http://127.0.0.1:9000").unwrap().below("booked").path, "/booked");
        for bad in ["https://a", "127.0.0.1:9000", "http://", "http://u:p@a/"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_read_to_its_end() {
        let answer = read(b"HTTP/1.1 409 Conflict\r\nContent-Type: a/b\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (409, "{\"a\":1}"));
        assert_eq!(answer.headers, [("content-type".to_owned(), "a/b".to_owned())]);
        assert!(read(b"nothing of the kind").is_none());
    }
}
