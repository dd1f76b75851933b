//! Answers: the `PWBResponse` before it is written, and what goes over the wire.

use std::fmt;

use crate::options::Options;
use crate::refusal::Refusal;
use crate::xml::Element;

/// A `PWBResponse` (§2) before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub code: u32,
    pub description: String,
    pub parts: Vec<Element>,
}

/// What a transaction comes to.
pub(crate) type Result<T = Reply> = std::result::Result<T, Refusal>;

impl Reply {
    /// Code 0, 成功, with result elements.
    pub fn success(parts: Vec<Element>) -> Self {
        Self { code: 0, description: "成功".to_owned(), parts }
    }

    /// A refusal as the options word it.
    pub fn refusal(refusal: Refusal, options: &Options) -> Self {
        Self { code: refusal.code(options), description: refusal.description(options).to_owned(), parts: Vec::new() }
    }

    /// The whole document; error answers name their transaction only where the options say so.
    pub fn document(self, name: Option<String>, options: &Options) -> Element {
        let name = name.filter(|_| self.code == 0 || options.name_in_errors);
        Element::new("PWBResponse")
            .all(name.map(|name| Element::leaf("transactionName", name)))
            .field("code", self.code.to_string())
            .field("description", self.description)
            .all(self.parts)
    }
}

/// When an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    Now,
    /// When the operator releases it.
    Held,
    /// Never.
    Never,
}

/// What goes back over the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`; the page names none, `text/xml` is inferred.
    pub content_type: &'static str,
    /// `Location` of a redirect.
    pub location: Option<String>,
    /// The body.
    pub body: String,
    /// When it goes out.
    pub pace: Pace,
}

impl Answer {
    pub(crate) fn xml(document: &Element) -> Self {
        Self::of(200, "text/xml; charset=UTF-8", document.write())
    }

    pub(crate) fn of(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, location: None, body, pace: Pace::Now }
    }
}

/// Without the body: it may name guests.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
