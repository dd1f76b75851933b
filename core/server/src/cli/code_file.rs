//! Reads a CSV file of codes, as a whole, before anything is done with it. What a row may be is the API's own reading
//! ([`of_csv`]); here duplicates are found, because the rows go in several requests.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use entrepot_contract::supplier::CodeRow;

use super::exit::Failure;
use crate::api::pools::of_csv;

/// Largest file read, in bytes.
const FILE_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct CodeFile {
    /// Rows with a code that no row before has.
    pub(super) rows: Vec<CodeRow>,
    /// Lines whose code stands on a line before.
    pub(super) duplicates: Vec<u32>,
    /// Lines that cannot be read, with the reason.
    pub(super) refused: BTreeMap<u32, String>,
    /// Columns that nobody asked for.
    pub(super) ignored: Vec<String>,
}

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<CodeFile, Failure> {
    let (named, bytes) = content_of(path)?;
    parse(&bytes).map_err(|text| Failure::failed(format!("{named}: {text}")))
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

fn parse(bytes: &[u8]) -> Result<CodeFile, String> {
    let found = of_csv(bytes).map_err(|problem| {
        let problem = serde_json::to_value(problem).unwrap_or_default();
        problem["detail"].as_str().unwrap_or("cannot be read").to_owned()
    })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_lines_and_nothing_is_dropped_silently() {
        let text = "\u{feff}name,code,password\na,X1 ,p\nb,X2,\nc,X1,q\nd\ne,,r\n";
        let file = parse(text.as_bytes()).unwrap();
        let rows: Vec<(u32, &str)> = file.rows.iter().map(|row| (row.line, row.code.trim())).collect();
        assert_eq!(rows, [(2, "X1"), (3, "X2"), (6, "")]);
        assert_eq!(file.duplicates, [4]);
        assert_eq!(file.refused.keys().copied().collect::<Vec<_>>(), [5]);
        assert_eq!(file.ignored, ["name"]);
    }

    #[test]
    fn a_file_without_the_column_is_refused_whole() {
        assert!(parse(b"codes\nX1\n").unwrap_err().contains("column `code`"));
        assert!(parse(b"").unwrap_err().contains("column `code`"));
    }
}
