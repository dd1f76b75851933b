//! XML as partners' gateways speak it: elements with text. Attributes, comments and name spaces carry nothing here.
//!
//! ```
//! use entrepot_sdk::xml;
//! let text = xml::document("order", |order| {
//!     order.text("name", "A & B");
//!     order.within("lines", |lines| lines.text("count", "2"));
//! });
//! assert_eq!(text, "<order><name>A &amp; B</name><lines><count>2</count></lines></order>");
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     name: String,
//! }
//! let order: Order = xml::read(&text, "order", xml::Limits::default()).unwrap();
//! assert_eq!(order.name, "A & B");
//! ```

use entrepot_contract::fault::Fault;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use serde::de::DeserializeOwned;

/// A document being written, without line breaks of its own: what is signed is what is sent.
#[derive(Debug, Default)]
pub struct Writer(String);

/// Writes a document with that root.
#[must_use]
pub fn document(root: &'static str, write: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::default();
    writer.within(root, write);
    writer.0
}

impl Writer {
    /// An element with a text, escaped. Control characters, which XML cannot carry, are left out.
    pub fn text(&mut self, name: &'static str, text: &str) {
        let carried = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
        let text: String = text.chars().filter(carried).collect();
        self.within(name, |element| element.0.push_str(&escape(text.as_str())));
    }

    /// The same, left out when there is nothing to say.
    pub fn text_if(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// An element with others.
    pub fn within(&mut self, name: &'static str, write: impl FnOnce(&mut Self)) {
        for part in ["<", name, ">"] {
            self.0.push_str(part);
        }
        write(self);
        for part in ["</", name, ">"] {
            self.0.push_str(part);
        }
    }
}

/// What is taken at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Elements within one another.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Bytes of one element's text, as it stands in the document.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, depth: 32, elements: 20_000, text_bytes: 64 * 1024 }
    }
}

/// Reads a document with that root. Garbled when it is none, has another root or a document type, or passes a limit:
/// the call may have had its effect. The fault tells lengths and rules, never what was written.
pub fn read<T: DeserializeOwned>(text: &str, root: &str, limits: Limits) -> Result<T, Fault> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let length = text.len();
    if length > limits.bytes {
        return Err(Fault::garbled(format!("the answer has {length} bytes, more than {}", limits.bytes)));
    }
    check(text, root, limits)
        .map_err(|why| Fault::garbled(format!("the answer of {length} bytes is no {root}: {why}")))?;
    quick_xml::de::from_str(text).map_err(|_| Fault::garbled(format!("the {root} of {length} bytes cannot be read")))
}

/// Before a value is made of it: whether it is that document, within the limits.
fn check(text: &str, root: &str, limits: Limits) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut elements, mut texts) = (0_usize, 0_usize, 0_usize);
    loop {
        let event =
            reader.read_event().map_err(|_| format!("it is malformed near byte {}", reader.error_position()))?;
        match event {
            Event::Start(start) => {
                if depth == 0 && (elements > 0 || start.name().as_ref() != root) {
                    return Err("its root is another one".to_owned());
                }
                (depth, elements, texts) = (depth + 1, elements + 1, 0);
                within("elements within one another", depth, limits.depth)?;
                within("elements", elements, limits.elements)?;
            }
            Event::End(_) => (depth, texts) = (depth.saturating_sub(1), 0),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if depth == 0 && !is_blank(&event) => {
                return Err("it has text outside its root".to_owned());
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                texts += event.len();
                within("bytes in one text", texts, limits.text_bytes)?;
            }
            Event::DocType(_) => return Err("it has a document type, which is not taken".to_owned()),
            Event::Eof if elements == 0 => return Err("it has no element".to_owned()),
            Event::Eof if depth > 0 => return Err("it ends within an element".to_owned()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn is_blank(event: &Event<'_>) -> bool {
    matches!(event, Event::Text(text) if text.trim().is_empty())
}

fn within(what: &str, found: usize, limit: usize) -> Result<(), String> {
    if found <= limit { Ok(()) } else { Err(format!("it has more than {limit} {what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Note {
        #[serde(default)]
        to: Option<String>,
        #[serde(default)]
        line: Vec<String>,
    }

    fn note(text: &str) -> Result<Note, Fault> {
        read(text, "note", Limits { bytes: 400, depth: 3, elements: 6, text_bytes: 40 })
    }

    #[test]
    fn what_was_written_is_read() {
        let odd = "A<b>&\"c\"'d' 中\t]]>\u{1}";
        let text = document("note", |note| {
            note.text("to", odd);
            note.text_if("from", "");
            note.text("line", "1");
            note.text("line", "");
        });
        assert_eq!(text.matches("<from>").count(), 0);
        let read = note(&text).unwrap();
        assert_eq!(read.to.unwrap(), odd.replace('\u{1}', ""));
        assert_eq!(read.line, ["1", ""]);
    }

    #[test]
    fn declarations_marks_comments_and_empty_elements_are_taken() {
        for text in [
            "<note/>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n<note>\n</note>\n",
            "<note><to><![CDATA[]]></to></note>",
        ] {
            assert!(note(text).is_ok(), "{text}: {:?}", note(text));
        }
    }

    #[test]
    fn what_is_no_such_document_is_garbled_and_not_repeated() {
        let long = format!("<note><to>{}</to></note>", "x".repeat(41));
        let big = format!("<note>{}</note>", " ".repeat(400));
        for (text, why) in [
            ("", "no element"),
            ("secret", "outside its root"),
            ("<html>secret</html>", "another"),
            ("<note></note><note></note>", "another"),
            ("secret <note></note>", "outside its root"),
            ("<note><to>secret</note>", "malformed"),
            ("<note><to>secret", "ends within"),
            ("<!DOCTYPE note [<!ENTITY a \"secret\">]><note>&a;</note>", "document type"),
            ("<note><a><b><c/></b></a></note>", "3 elements within"),
            ("<note><a/><a/><a/><a/><a/><a/></note>", "6 elements"),
            (long.as_str(), "40 bytes in one text"),
            (big.as_str(), "more than 400"),
            ("<note><to>a</to><to>secret</to></note>", "cannot be read"),
            ("<note><to>&secret;</to></note>", "cannot be read"),
        ] {
            let fault = note(text).unwrap_err();
            assert!(fault.text.contains(why), "{text}: {}", fault.text);
            assert!(!fault.text.contains("secret"), "{}", fault.text);
            assert_eq!(fault.effect, entrepot_contract::fault::Effect::Unknown);
        }
    }
}
