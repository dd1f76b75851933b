//! Reads a file of codes, as a whole, before anything is done with it. What a row may be is the API's own reading
//! ([`crate::code_file`]); here duplicates are found, because the rows go in several requests.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use entrepot_engine::flows::import_codes::ImportRow;

use super::exit::Failure;
use crate::code_file::{self, Columns};

/// Largest file read, in bytes.
const FILE_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct CodeFile {
    /// Rows with a code that no row before has.
    pub(super) rows: Vec<ImportRow>,
    /// Lines whose code stands on a line before.
    pub(super) duplicates: Vec<u32>,
    /// Lines that cannot be read, with the reason.
    pub(super) refused: BTreeMap<u32, String>,
    /// Columns that nobody asked for.
    pub(super) ignored: Vec<String>,
}

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path, columns: &Columns) -> Result<CodeFile, Failure> {
    let (named, bytes) = content_of(path)?;
    parse(&bytes, columns).map_err(|text| Failure::failed(format!("{named}: {text}")))
}

/// A file's name for people and all its bytes; standard input for `-`.
pub(super) fn content_of(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let standard = path.as_os_str() == "-";
    let named = if standard { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = if standard { bytes_of(std::io::stdin().lock()) } else { File::open(path).and_then(bytes_of) };
    let bytes = bytes.map_err(|fault| Failure::failed(format!("{named}: {fault}")))?;
    if bytes.len() as u64 > FILE_LIMIT_BYTES {
        return Err(Failure::failed(format!("{named}: more than {FILE_LIMIT_BYTES} bytes; split the file")));
    }
    Ok((named, bytes))
}

fn bytes_of(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(bytes: &[u8], columns: &Columns) -> Result<CodeFile, String> {
    let found = code_file::read(bytes, columns)?;
    let mut file = CodeFile { refused: found.refused, ignored: found.ignored, ..CodeFile::default() };
    let mut seen: HashSet<String> = HashSet::new();
    for row in found.rows {
        // What is empty is the plugin's to refuse.
        if row.code.trim().is_empty() || seen.insert(row.code.trim().to_owned()) {
            file.rows.push(row);
        } else {
            file.duplicates.push(row.line);
        }
    }
    Ok(file)
}

/// The headings of a file of refused rows; it may be mended and imported as it is.
const HEADINGS: [&str; 10] =
    ["line", "reason", "code", "password", "valid_from", "valid_to", "batch", "face_value", "face_minor", "currency"];

/// Writes the refused rows with their reasons, so that a person can mend them. Only its owner may read the file: it
/// holds codes.
pub(super) fn write_refused(path: &Path, refused: &BTreeMap<u32, String>, rows: &[ImportRow]) -> Result<(), Failure> {
    let failed = |fault: String| Failure::failed(format!("{}: {fault}", path.display()));
    let by_line: BTreeMap<u32, &ImportRow> = rows.iter().map(|row| (row.line, row)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADINGS).map_err(|fault| failed(fault.to_string()))?;
    for (line, reason) in refused {
        let empty = ImportRow::default();
        let row = by_line.get(line).copied().unwrap_or(&empty);
        let own = |text: &Option<String>| safe(text.as_deref().unwrap_or_default());
        let record = [
            line.to_string(),
            reason.clone(),
            safe(&row.code),
            own(&row.password),
            own(&row.valid_from),
            own(&row.valid_to),
            own(&row.batch),
            own(&row.face_value),
            own(&row.face_minor),
            own(&row.currency),
        ];
        writer.write_record(record).map_err(|fault| failed(fault.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|fault| failed(fault.to_string()))?;
    private(path).and_then(|mut file| file.write_all(&bytes)).map_err(|fault| failed(fault.to_string()))
}

/// A text that no spreadsheet takes for a formula; an import takes the apostrophe away again.
pub(super) fn safe(text: &str) -> String {
    crate::sheet::harmless(text)
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_lines_and_nothing_is_dropped_silently() {
        let text = "\u{feff}name,code,password\na,X1 ,p\nb,X2,\nc,X1,q\nd\ne,,r\n";
        let file = parse(text.as_bytes(), &Columns::default()).unwrap();
        let rows: Vec<(u32, &str)> = file.rows.iter().map(|row| (row.line, row.code.trim())).collect();
        assert_eq!(rows, [(2, "X1"), (3, "X2"), (6, "")]);
        assert_eq!(file.duplicates, [4]);
        assert_eq!(file.refused.keys().copied().collect::<Vec<_>>(), [5]);
        assert_eq!(file.ignored, ["name"]);
    }

    #[test]
    fn a_file_without_the_column_is_refused_whole() {
        for text in ["codes\nX1\n", ""] {
            assert!(parse(text.as_bytes(), &Columns::default()).unwrap_err().contains("column `code`"));
        }
    }

    #[test]
    fn refused_rows_are_a_file_that_can_be_mended_and_imported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.csv");
        let row =
            ImportRow { line: 7, code: "=1+1".to_owned(), valid_to: Some("soon".to_owned()), ..ImportRow::default() };
        let refused = BTreeMap::from([(3, "expected 2 fields, found 1".to_owned()), (7, "valid_to: …".to_owned())]);
        write_refused(&path, &refused, &[row]).unwrap();
        let file = read(&path, &Columns::default()).unwrap();
        assert_eq!(file.ignored, ["line", "reason"]);
        let found: Vec<(&str, Option<&str>)> =
            file.rows.iter().map(|row| (row.code.as_str(), row.valid_to.as_deref())).collect();
        assert_eq!(found, [("", None), ("'=1+1", Some("soon"))]);
    }
}
