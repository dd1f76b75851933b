//! Files of codes: CSV in the encodings that spreadsheets write, and XLSX. A row becomes texts by column; what the texts
//! mean is the engine's to say. No reason repeats a code.
//!
//! - [`columns`]: which column holds what.
//! - [`text`]: CSV, its encoding and its separator.
//! - [`sheet`]: the first sheet of an XLSX file, cell by cell.

mod columns;
mod sheet;
mod text;

use std::collections::BTreeMap;

use entrepot_engine::flows::import_codes::{IMPORT_LIMIT_ROWS, ImportRow};

pub(crate) use columns::{Columns, Field};

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct CodeFile {
    /// Rows that may be codes.
    pub(crate) rows: Vec<ImportRow>,
    /// Rows that cannot be, by line.
    pub(crate) refused: BTreeMap<u32, String>,
    /// Columns that nobody asked for.
    pub(crate) ignored: Vec<String>,
}

/// A cell, or why it has no text.
type Cell = Result<String, String>;

/// One row of a file with its line.
struct Line {
    number: u32,
    cells: Vec<Cell>,
}

/// Reads a file: XLSX by its first bytes, otherwise CSV.
pub(crate) fn read(bytes: &[u8], columns: &Columns) -> Result<CodeFile, String> {
    if sheet::is_one(bytes) { sheet::read(bytes, columns) } else { text::read(bytes, columns) }
}

/// Makes rows of lines, the first of which may name the columns.
struct Reading<'a> {
    columns: &'a Columns,
    places: Option<Vec<(Field, usize)>>,
    /// Fields that every line has to have; none where lines end with their last filled cell.
    width: Option<usize>,
    file: CodeFile,
}

impl<'a> Reading<'a> {
    fn new(columns: &'a Columns) -> Self {
        Self { columns, places: None, width: None, file: CodeFile::default() }
    }

    /// `exact`: whether each line has as many fields as the first.
    fn take(&mut self, line: Line, exact: bool) -> Result<(), String> {
        let Some(places) = &self.places else {
            let names: Vec<String> =
                line.cells.iter().map(|cell| cell.as_deref().unwrap_or_default().trim().to_owned()).collect();
            let (places, ignored) = self.columns.places(&names)?;
            self.places = Some(places);
            self.width = exact.then_some(line.cells.len());
            if self.columns.header {
                self.file.ignored = ignored;
                return Ok(());
            }
            return self.take(line, exact);
        };
        if self.file.rows.len() + self.file.refused.len() >= IMPORT_LIMIT_ROWS {
            return Err(format!("at most {IMPORT_LIMIT_ROWS} rows at once, found more; split the file"));
        }
        match row(&line, places, self.width) {
            Ok(row) => self.file.rows.push(row),
            Err(reason) => {
                self.file.refused.insert(line.number, reason);
            }
        }
        Ok(())
    }

    fn end(self) -> Result<CodeFile, String> {
        match self.places {
            Some(_) => Ok(self.file),
            None => self.columns.places(&[]).map(|_| self.file),
        }
    }
}

fn row(line: &Line, places: &[(Field, usize)], width: Option<usize>) -> Result<ImportRow, String> {
    if let Some(width) = width.filter(|width| *width != line.cells.len()) {
        return Err(format!("expected {width} fields, found {}", line.cells.len()));
    }
    let mut row = ImportRow { line: line.number, ..ImportRow::default() };
    for (field, place) in places {
        let text = match line.cells.get(*place) {
            Some(Ok(text)) => text.clone(),
            Some(Err(reason)) => return Err(format!("column {}: {reason}", field.name())),
            None => String::new(),
        };
        field.put(&mut row, text);
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str, columns: &Columns) -> CodeFile {
        read(text.as_bytes(), columns).unwrap()
    }

    #[test]
    fn columns_are_found_by_chinese_and_english_names() {
        let file = csv("批次,卡号,密码,有效期至,面值\nb1,0007,p,2026-10-01,100\n", &Columns::default());
        let row = &file.rows[0];
        assert_eq!((row.line, row.code.as_str(), row.password.as_deref()), (2, "0007", Some("p")));
        assert_eq!((row.batch.as_deref(), row.valid_to.as_deref()), (Some("b1"), Some("2026-10-01")));
        assert_eq!(row.face_value.as_deref(), Some("100"));
    }

    #[test]
    fn a_map_names_columns_by_heading_or_letter() {
        let named = Columns::parse("code=Serial,password=C", true).unwrap();
        let file = csv("Name,Serial,x\na,X1,p\n", &named);
        assert_eq!((file.rows[0].code.as_str(), file.rows[0].password.as_deref()), ("X1", Some("p")));
        assert_eq!(file.ignored, ["Name"]);
        let bare = Columns::parse("code=A", false).unwrap();
        assert_eq!(csv("X1\nX2\n", &bare).rows.len(), 2);
        assert!(read(b"A;B\n", &Columns::parse("code=Z", true).unwrap()).unwrap_err().contains("column Z"));
        for wrong in ["code", "kode=A", "password=B", "code=A,code=B"] {
            assert!(Columns::parse(wrong, true).is_err(), "{wrong}");
        }
    }
}
