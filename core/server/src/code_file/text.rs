//! CSV: UTF-8 and UTF-16 by their marks, otherwise UTF-8 where it is, otherwise GB18030, which spreadsheets in China write;
//! separated by commas, semicolons or tabs, whichever the first line has most of.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::{CodeFile, Columns, Line, Reading};

pub(super) fn read(bytes: &[u8], columns: &Columns) -> Result<CodeFile, String> {
    let bytes = decoded(bytes);
    let bytes = bytes.as_ref();
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(separator(bytes)).from_reader(bytes);
    let mut reading = Reading::new(columns);
    let mut lines = Lines { bytes, at: 0, line: 1 };
    for record in reader.byte_records() {
        let start = |position: Option<&csv::Position>| position.map_or(0, csv::Position::byte);
        let record = record.map_err(|fault| {
            let line = lines.of(start(fault.position()));
            format!("line {line} cannot be read as CSV")
        })?;
        let number = lines.of(start(record.position()));
        let text = |field: &[u8]| {
            std::str::from_utf8(field).map(str::to_owned).map_err(|_| "the text is not UTF-8".to_owned())
        };
        reading.take(Line { number, cells: record.iter().map(text).collect() }, true)?;
    }
    reading.end()
}

/// The file as UTF-8, as far as that can be told; what cannot be read is refused row by row.
fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned().into_bytes());
    match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_8 => return Cow::Borrowed(&bytes[mark..]),
        Some((encoding, _)) => return owned(encoding.decode(bytes).0),
        None => {}
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Cow::Borrowed(bytes);
    }
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => owned(text),
        None => Cow::Borrowed(bytes),
    }
}

fn separator(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    // Of as many, the last is taken: the comma.
    [b'\t', b';', b','].into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(b',')
}

/// Counts lines as editors do: the reader's own count is one short where lines end with CR LF.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the first byte that ends no line, from this one on.
    fn of(&mut self, start: u64) -> u32 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            let ends = *byte == b'\n' || (*byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= start && !ends && *byte != b'\r' {
                break;
            }
            self.line = self.line.saturating_add(u32::from(ends));
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(bytes: &[u8]) -> Vec<String> {
        read(bytes, &Columns::default()).unwrap().rows.into_iter().map(|row| row.code).collect()
    }

    #[test]
    fn encodings_of_spreadsheets_are_read() {
        let text = "券码,名称\n0012,湖\n";
        let (gb, _, _) = GB18030.encode(text);
        let wide: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &gb, &wide] {
            assert_eq!(codes(bytes), ["0012"]);
        }
    }

    #[test]
    fn semicolons_and_tabs_separate_too() {
        assert_eq!(codes(b"code;password\nA,1;p\n"), ["A,1"]);
        assert_eq!(codes(b"code\tpassword\nB\tp\n"), ["B"]);
    }

    #[test]
    fn what_is_in_no_encoding_is_refused_in_its_row() {
        let file = read(b"code\nA\n\xff\xfe\xff\nB\n", &Columns::default()).unwrap();
        assert_eq!((file.rows.len(), file.refused.keys().copied().collect::<Vec<_>>()), (2, vec![3]));
    }
}
