//! XML as elements with text; attributes, comments and namespaces are ignored, a document type is refused.

use std::fmt;

use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Deepest nesting taken.
const DEPTH_LIMIT: usize = 16;
/// Most elements taken in one document.
const ELEMENT_LIMIT: usize = 20_000;

/// One element.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// Its name.
    pub name: String,
    /// Its own text.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

/// Without the text: it may name guests.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element").field("name", &self.name).field("children", &self.children).finish_non_exhaustive()
    }
}

/// The text is no XML, or more of it than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Element {
    /// An empty element.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element with text.
    pub fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), children: Vec::new() }
    }

    /// The same with one more element at its end.
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The same with one more element that holds text.
    pub fn field(self, name: &str, text: impl Into<String>) -> Self {
        self.with(Element::leaf(name, text))
    }

    /// The same with more elements.
    pub fn all(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The first element of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The elements of this name.
    pub fn every<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The trimmed text of a child; `None` when it is missing or blank.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// Puts `change` to every element, this one included.
    pub fn walk(&mut self, change: &mut impl FnMut(&mut Element)) {
        change(self);
        for child in &mut self.children {
            child.walk(change);
        }
    }

    /// The element as text, without line breaks of our own.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        out.push('>');
        out.push_str(&escape(self.text.as_str()));
        for child in &self.children {
            child.write_to(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }

    /// Reads one document.
    pub fn parse(xml: &str) -> Result<Self, Malformed> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        let mut count = 0;
        loop {
            match reader.read_event().map_err(|_| Malformed)? {
                Event::Start(start) => {
                    count += 1;
                    if open.len() == DEPTH_LIMIT || count > ELEMENT_LIMIT || root.is_some() {
                        return Err(Malformed);
                    }
                    open.push(Element::new(start.local_name().as_ref()));
                }
                Event::End(_) => {
                    let done = open.pop().ok_or(Malformed)?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
                Event::Text(text) => say(&mut open, &text)?,
                Event::CData(text) => say(&mut open, &text)?,
                Event::GeneralRef(reference) => {
                    let known = match &*reference {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => reference.resolve_char_ref().map_err(|_| Malformed)?,
                    };
                    say(&mut open, known.ok_or(Malformed)?.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(Malformed),
                Event::Eof if open.is_empty() => return root.ok_or(Malformed),
                Event::Eof => return Err(Malformed),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
    }
}

fn say(open: &mut [Element], text: &str) -> Result<(), Malformed> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Malformed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_writing_and_reading() {
        let element = Element::new("a").field("b", "<&>\"' 票").with(Element::new("c"));
        assert_eq!(Element::parse(&element.write()), Ok(element));
    }

    #[test]
    fn what_documents_may_hold() {
        let read = Element::parse("<?xml version=\"1.0\"?>\n<a x='1'><!-- c --><b><![CDATA[1<2]]>&#x41;</b><c/></a>\n");
        assert_eq!(read, Ok(Element::new("a").field("b", "1<2A").with(Element::new("c"))));
    }

    #[test]
    fn what_is_no_document_or_too_much() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENT_LIMIT));
        let entity = "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>";
        for xml in ["", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", entity, &deep, &wide] {
            assert_eq!(Element::parse(xml), Err(Malformed));
        }
    }

    #[test]
    fn debug_shows_no_text() {
        assert!(!format!("{:?}", Element::leaf("name", "Zhao Qi")).contains("Zhao"));
    }
}
