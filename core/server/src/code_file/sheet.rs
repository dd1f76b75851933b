//! XLSX: the first sheet, cell by cell, so that a large sheet is never a table in memory. What is unpacked is bounded.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader as _, Xlsx};

use super::{Cell, CodeFile, Columns, Line, Reading};

/// Most bytes that a file may unpack to.
const UNPACKED_LIMIT_BYTES: u64 = 512 * 1024 * 1024;
/// Columns that are looked at.
const COLUMNS_LIMIT: u32 = 256;
/// Digits that a number in a spreadsheet keeps.
const NUMBER_LIMIT: f64 = 1e15;

/// Whether these bytes begin as a ZIP archive does, which an XLSX file is.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

pub(super) fn read(bytes: &[u8], columns: &Columns) -> Result<CodeFile, String> {
    let odd = |_| "the file is no XLSX that can be read; save it again, or as CSV".to_owned();
    bounded(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(odd)?;
    let name = book.sheet_names().first().cloned().ok_or_else(|| "the file has no sheet".to_owned())?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(odd)?;
    let mut reading = Reading::new(columns);
    let mut line: Option<Line> = None;
    while let Some(cell) = cells.next_cell().map_err(odd)? {
        let (row, column) = cell.get_position();
        if column >= COLUMNS_LIMIT {
            continue;
        }
        let number = row.saturating_add(1);
        if line.as_ref().is_some_and(|line| line.number != number)
            && let Some(whole) = line.take()
        {
            take(&mut reading, whole)?;
        }
        let line = line.get_or_insert_with(|| Line { number, cells: Vec::new() });
        let place = usize::try_from(column).unwrap_or(usize::MAX);
        if line.cells.len() <= place {
            line.cells.resize(place + 1, Ok(String::new()));
        }
        line.cells[place] = text(cell.get_value());
    }
    if let Some(whole) = line {
        take(&mut reading, whole)?;
    }
    reading.end()
}

/// Rows that are only formatted hold nothing.
fn take(reading: &mut Reading<'_>, line: Line) -> Result<(), String> {
    let empty = line.cells.iter().all(|cell| cell.as_ref().is_ok_and(|text| text.trim().is_empty()));
    if empty { Ok(()) } else { reading.take(line, false) }
}

/// A cell as text. What a spreadsheet took for a number of more digits than it keeps is not what was meant.
fn text(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) => Ok(text.clone()),
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) if number.abs() >= NUMBER_LIMIT => {
            Err("a number of more than 15 digits, which a spreadsheet rounds; format the column as text".to_owned())
        }
        DataRef::Float(number) => Ok(number.to_string()),
        DataRef::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            Ok(format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::DateTimeIso(text) => Ok(text.clone()),
        DataRef::Bool(_) | DataRef::DurationIso(_) | DataRef::Error(_) => {
            Err("expected text, a number or a date".to_owned())
        }
    }
}

/// Refuses an archive that unpacks to more than a sheet of codes can be, whatever it says of itself.
fn bounded(bytes: &[u8]) -> Result<(), String> {
    let odd = |_| "the file is no XLSX that can be read; save it again, or as CSV".to_owned();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(odd)?;
    let mut left = UNPACKED_LIMIT_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(odd)?;
        let size = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink())
            .map_err(|_| "the file is damaged; save it again".to_owned())?;
        left = left
            .checked_sub(size)
            .ok_or_else(|| format!("the file unpacks to more than {UNPACKED_LIMIT_BYTES} bytes; split it"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A file as a spreadsheet writes it, with one sheet of these rows.
    fn book(rows: &str) -> Vec<u8> {
        const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
        let relation = |id: &str, kind: &str, target: &str| {
            format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" \
                 Target=\"{target}\"/></Relationships>"
            )
        };
        let files = [
            ("[Content_Types].xml", format!("<Types xmlns=\"{PACKAGE}/content-types\"/>")),
            ("_rels/.rels", relation("r1", "officeDocument", "xl/workbook.xml")),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"s\" sheetId=\"1\" \
                     r:id=\"r1\"/></sheets></workbook>"
                ),
            ),
            ("xl/_rels/workbook.xml.rels", relation("r1", "worksheet", "worksheets/sheet1.xml")),
            (
                "xl/worksheets/sheet1.xml",
                format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
            ),
        ];
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn words(row: u32, texts: &[&str]) -> String {
        let cell = |(place, text): (u8, &&str)| {
            let column = char::from(b'A' + place);
            format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        };
        format!("<row r=\"{row}\">{}</row>", (0..).zip(texts).map(cell).collect::<String>())
    }

    #[test]
    fn the_first_sheet_is_read_with_its_own_line_numbers() {
        let mut rows = words(1, &["券码", "密码"]);
        rows.push_str(&words(2, &["0012", "p"]));
        rows.push_str("<row r=\"5\"><c r=\"A5\"><v>123456789012345</v></c></row>");
        rows.push_str("<row r=\"6\"><c r=\"A6\"><v>1.23456789012345E+17</v></c></row>");
        rows.push_str(&words(8, &["", ""]));
        let bytes = book(&rows);
        assert!(is_one(&bytes));
        let file = read(&bytes, &Columns::default()).unwrap();
        let found: Vec<(u32, &str)> = file.rows.iter().map(|row| (row.line, row.code.as_str())).collect();
        assert_eq!(found, [(2, "0012"), (5, "123456789012345")]);
        assert_eq!(file.rows[0].password.as_deref(), Some("p"));
        assert!(file.refused[&6].contains("format the column as text"), "{:?}", file.refused);
    }

    #[test]
    fn what_is_no_spreadsheet_is_refused_whole() {
        assert!(read(b"PK\x03\x04nothing", &Columns::default()).unwrap_err().contains("no XLSX"));
        assert!(read(&book(&words(1, &["name"])), &Columns::default()).unwrap_err().contains("`code`"));
    }
}
