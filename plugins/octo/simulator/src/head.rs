//! The discipline of headers (§1, §7): key, capabilities, content type, language.

use crate::exchange::Request;
use crate::options::Options;
use crate::refusal::{ErrorId, Refusal};

/// Capabilities that this supplier plays (§6).
pub(crate) const PLAYED: [&str; 2] = ["octo/pricing", "octo/webhooks"];

/// Ids of the standard package, then those that vendors were seen with (§6).
const KNOWN: [&str; 16] = [
    "octo/adjustments",
    "octo/cart",
    "octo/content",
    "octo/mappings",
    "octo/offers",
    "octo/packages",
    "octo/pickups",
    "octo/pricing",
    "octo/questions",
    "octo/webhooks",
    "octo/checkin",
    "octo/redemption",
    "octo/resources",
    "octo/gifts",
    "octo/memberships",
    "octo/notifications",
];

/// The capabilities that apply to a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) pricing: bool,
    pub(crate) webhooks: bool,
}

impl Applied {
    /// The answer's header (§1).
    pub(crate) fn header(self) -> String {
        let flags = [self.pricing, self.webhooks];
        let ids: Vec<&str> = PLAYED.into_iter().zip(flags).filter(|(_, on)| *on).map(|(id, _)| id).collect();
        ids.join(",")
    }
}

/// Checks the head of a request, in the order key, capabilities, content type, language.
pub(crate) fn check(options: &Options, blocked: bool, request: &Request) -> Result<Applied, Refusal> {
    let bearer = request.header_value("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer != Some(options.token.as_str()) {
        return Err(Refusal::new(ErrorId::Unauthorized, "Authorization must be Bearer and a known key"));
    }
    if blocked {
        return Err(Refusal::new(ErrorId::Forbidden, "this key may not call"));
    }
    let applied = capabilities(options, request.header_value("octo-capabilities"))?;
    content_type(options, request)?;
    language(request.header_value("accept-language"))?;
    Ok(applied)
}

fn capabilities(options: &Options, header: Option<&str>) -> Result<Applied, Refusal> {
    let Some(header) = header else {
        let missing = Refusal::bad("the header Octo-Capabilities is missing");
        return if options.strict.capabilities_header { Err(missing) } else { Ok(Applied::default()) };
    };
    let ids: Vec<&str> = header.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if options.strict.known_capabilities && ids.iter().any(|id| !KNOWN.contains(id)) {
        return Err(Refusal::bad("Octo-Capabilities names a capability that nobody knows"));
    }
    Ok(Applied { pricing: ids.contains(&PLAYED[0]), webhooks: ids.contains(&PLAYED[1]) })
}

fn content_type(options: &Options, request: &Request) -> Result<(), Refusal> {
    if matches!(request.method.as_str(), "GET" | "DELETE") && !options.strict.content_type_on_get {
        return Ok(());
    }
    let mut parts = request.header_value("content-type").unwrap_or_default().split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    if json && parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8")) {
        return Ok(());
    }
    Err(Refusal::bad("Content-Type must be application/json"))
}

/// A list of language ranges with optional q values; the simulator has texts in one language only.
fn language(header: Option<&str>) -> Result<(), Refusal> {
    let well_formed = |item: &str| {
        let (tag, quality) = item.split_once(';').unwrap_or((item, "q=1"));
        let tag_fits = tag.trim().split('-').all(|part| {
            part == "*" || ((1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        });
        let quality = quality.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        tag_fits && quality.is_some_and(|q| (0.0..=1.0).contains(&q))
    };
    if header.is_none_or(|header| header.split(',').all(|item| well_formed(item.trim()))) {
        return Ok(());
    }
    Err(Refusal::bad("Accept-Language is not a list of languages"))
}
