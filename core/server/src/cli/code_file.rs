//! Reads a CSV file of codes, as a whole, before anything is done with it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use entrepot_contract::supplier::CodeRow;
use entrepot_engine::flows::import_codes::IMPORT_LIMIT_ROWS;

use super::exit::Failure;

/// Largest file read, in bytes.
const FILE_LIMIT_BYTES: u64 = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct CodeFile {
    /// Rows with a code that no row before has.
    pub(super) rows: Vec<CodeRow>,
    /// Lines whose code stands on a line before.
    pub(super) duplicates: Vec<u32>,
    /// Lines that cannot be read, with the reason.
    pub(super) refused: BTreeMap<u32, String>,
}

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<CodeFile, Failure> {
    let named = path.display();
    if path.as_os_str() == "-" {
        return parse(std::io::stdin().lock()).map_err(|text| Failure::failed(format!("standard input: {text}")));
    }
    let opened = File::open(path).and_then(|file| file.metadata().map(|found| (file, found)));
    let (file, found) = opened.map_err(|fault| Failure::failed(format!("{named}: {fault}")))?;
    if found.is_dir() {
        return Err(Failure::failed(format!("{named} is a folder")));
    }
    if found.len() > FILE_LIMIT_BYTES {
        return Err(Failure::failed(format!("{named} has {} bytes; at most {FILE_LIMIT_BYTES} are read", found.len())));
    }
    parse(file).map_err(|text| Failure::failed(format!("{named}: {text}")))
}

fn parse(input: impl Read) -> Result<CodeFile, String> {
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(input.take(FILE_LIMIT_BYTES));
    let headings = reader.headers().map_err(|fault| format!("the heading line: {fault}"))?.clone();
    // A byte order mark would belong to the first heading.
    let place = |name: &str| headings.iter().position(|heading| heading.trim_start_matches('\u{feff}') == name);
    let Some(code) = place("code") else {
        let found = headings.iter().collect::<Vec<_>>().join(", ");
        let found = if found.chars().count() > 120 { "something else".to_owned() } else { format!("{found:?}") };
        return Err(format!("the heading line needs a column named code; found {found}"));
    };
    let password = place("password");
    let mut file = CodeFile::default();
    let mut seen: HashSet<String> = HashSet::new();
    for (at, record) in reader.records().enumerate() {
        if at >= IMPORT_LIMIT_ROWS {
            return Err(format!("more than {IMPORT_LIMIT_ROWS} rows; split the file"));
        }
        match record {
            Ok(record) => take(&record, (code, password), &mut seen, &mut file),
            Err(fault) => match fault.kind() {
                csv::ErrorKind::Utf8 { pos, .. } => {
                    let line = pos.as_ref().map_or(0, csv::Position::line);
                    file.refused.insert(u32::try_from(line).unwrap_or(u32::MAX), "not UTF-8".to_owned());
                }
                _ => return Err(fault.to_string()),
            },
        }
    }
    Ok(file)
}

fn take(
    record: &StringRecord,
    (code, password): (usize, Option<usize>),
    seen: &mut HashSet<String>,
    file: &mut CodeFile,
) {
    let line = record.position().map_or(0, csv::Position::line);
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let cell = |place: usize| record.get(place).map(str::to_owned);
    match cell(code) {
        None => {
            file.refused.insert(line, "the row ends before the column code".to_owned());
        }
        Some(code) if code.is_empty() => {
            file.refused.insert(line, "the code is empty".to_owned());
        }
        Some(code) if !seen.insert(code.clone()) => file.duplicates.push(line),
        Some(code) => {
            let password = password.and_then(cell).filter(|password| !password.is_empty());
            file.rows.push(CodeRow { line, code, password });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_lines_and_nothing_is_dropped_silently() {
        let text = "\u{feff}name, code ,password\na, X1 ,p\n\nb,X2,\nc,X1,q\nd\ne,,r\n";
        let file = parse(text.as_bytes()).unwrap();
        let rows: Vec<(u32, &str, Option<&str>)> =
            file.rows.iter().map(|row| (row.line, row.code.as_str(), row.password.as_deref())).collect();
        assert_eq!(rows, [(2, "X1", Some("p")), (4, "X2", None)]);
        assert_eq!(file.duplicates, [5]);
        assert_eq!(file.refused.keys().copied().collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn a_row_that_is_not_utf8_is_refused_alone() {
        let file = parse(b"code\n\xff\xfe\nX2\n".as_slice()).unwrap();
        assert_eq!(file.rows.len(), 1);
        assert_eq!(file.refused.get(&2).map(String::as_str), Some("not UTF-8"));
    }

    #[test]
    fn a_file_without_the_column_is_refused_whole() {
        let text = parse(b"Code;Password\nX1;p\n".as_slice()).unwrap_err();
        assert!(text.contains("column named code") && text.contains("Code;Password"), "{text}");
    }
}
