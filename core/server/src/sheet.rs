//! Rows for spreadsheets: CSV and XLSX. What a cell holds came from partners; no spreadsheet may take it for a formula.

use rust_xlsxwriter::{Workbook, XlsxError};

/// The content type of [`Sheet::csv`].
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// The content type of [`Sheet::xlsx`].
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Spreadsheets read a file without it in the machine's own encoding, which breaks Chinese.
const MARK: &str = "\u{feff}";

/// Longest text of one cell, in characters; what is beyond is left out. Spreadsheets hold 32,767.
const CELL_LIMIT_CHARS: usize = 32_000;

/// A table with a heading line.
pub(crate) struct Sheet {
    /// The name of an XLSX file's sheet.
    pub(crate) name: &'static str,
    /// One for each column.
    pub(crate) headings: &'static [&'static str],
    /// As many cells in each as there are headings.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// As CSV in UTF-8 with its mark.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, String> {
        let mut writer = csv::Writer::from_writer(MARK.as_bytes().to_vec());
        writer.write_record(self.headings).map_err(|fault| fault.to_string())?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| harmless(&short(cell)))).map_err(|fault| fault.to_string())?;
        }
        writer.into_inner().map_err(|fault| fault.to_string())
    }

    /// As XLSX: every cell a text, so that long numbers keep their digits.
    pub(crate) fn xlsx(&self) -> Result<Vec<u8>, String> {
        self.book().map_err(|fault| fault.to_string())
    }

    fn book(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name(self.name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (heading, column) in self.headings.iter().zip(0_u16..) {
            sheet.write_string(0, column, *heading)?;
            sheet.set_column_width(column, 20)?;
        }
        for (row, number) in self.rows.iter().zip(1_u32..) {
            for (cell, column) in row.iter().zip(0_u16..).filter(|(cell, _)| !cell.is_empty()) {
                sheet.write_string(number, column, short(cell))?;
            }
        }
        book.save_to_buffer()
    }
}

fn short(cell: &str) -> String {
    cell.chars().take(CELL_LIMIT_CHARS).collect()
}

/// A text that begins as a formula does is shown as it is: the apostrophe says that it is a text.
pub(crate) fn harmless(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    fn sheet() -> Sheet {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = vec![
            row(["=1+1", "订单"]),
            row(["+86", "a,\"b\"\nc"]),
            row(["-5", ""]),
            row(["@x", "6937412345678901234"]),
        ];
        Sheet { name: "t", headings: &["one", "two"], rows }
    }

    #[test]
    fn csv_is_read_as_chinese_and_never_as_a_formula() {
        let text = String::from_utf8(sheet().csv().unwrap()).unwrap();
        let expected = "\u{feff}one,two\n'=1+1,订单\n'+86,\"a,\"\"b\"\"\nc\"\n'-5,\n'@x,6937412345678901234\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn xlsx_holds_texts_alone() {
        let mut book = Xlsx::new(Cursor::new(sheet().xlsx().unwrap())).unwrap();
        let range = book.worksheet_range("t").unwrap();
        assert_eq!(range.height(), 5);
        assert!(range.used_cells().all(|(_, _, cell)| matches!(cell, Data::String(_))));
        assert_eq!(range.get_value((1, 0)), Some(&Data::String("=1+1".to_owned())));
        assert_eq!(range.get_value((4, 1)), Some(&Data::String("6937412345678901234".to_owned())));
        assert!(book.worksheet_formula("t").unwrap().is_empty());
    }
}
