//! What goes to standard output (results) and standard error (notes, progress).

use std::io::{self, ErrorKind, Write};

use serde_json::Value;

use super::exit::Failure;

/// Writes bytes to standard output. A reader who has seen enough (a closed pipe) is no failure.
pub(super) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line, or several, to standard output.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    raw(format!("{text}\n").as_bytes())
}

/// Writes JSON to standard output.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::failed(error.to_string()))?;
    line(&text)
}

/// Writes a line to standard error.
pub(crate) fn note(text: &str) {
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes progress over the line before it; nothing when standard error is no terminal.
pub(super) fn progress(text: &str) {
    use std::io::IsTerminal;
    if io::stderr().is_terminal() {
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r\x1b[2K{text}").and_then(|()| err.flush());
    }
}

/// Rows under headings, as wide as their longest cell.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut all = vec![headings.map(str::to_owned)];
    all.extend(rows.iter().cloned());
    self::rows(&all)
}

/// Rows without headings.
pub(super) fn rows<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell));
        }
    }
    let line = |cells: &[String; N]| {
        let padded =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - columns(cell))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// How many columns of a terminal a text takes: Chinese characters take two.
fn columns(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// One value in a table's cell.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A document for people: `name: value` a line, indented by depth. What is null or empty is left out.
pub(super) fn outline(value: &Value) -> String {
    let mut lines = Vec::new();
    indent(value, 0, &mut lines);
    lines.join("\n")
}

fn indent(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let pad = "  ".repeat(depth);
    let inline = |value: &Value| match value {
        Value::Array(list) => list.iter().all(|one| !one.is_array() && !one.is_object()),
        other => !other.is_object(),
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Null => {}
                    Value::Array(list) if list.is_empty() => {}
                    value if inline(value) => lines.push(format!("{pad}{name}: {}", cell(value))),
                    value => {
                        lines.push(format!("{pad}{name}:"));
                        indent(value, depth + 1, lines);
                    }
                }
            }
        }
        Value::Array(list) => {
            for value in list {
                let from = lines.len();
                indent(value, depth + 1, lines);
                if let Some(first) = lines.get_mut(from) {
                    *first = format!("{pad}- {}", first.trim_start());
                }
            }
        }
        value => lines.push(format!("{pad}{}", cell(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another_in_any_script() {
        let row = |what: &str, subject: &str| [what.to_owned(), subject.to_owned()];
        let table = table(["WHAT", "SUBJECT"], &[row("码库余量低", "swans"), row("late", "T1")]);
        assert_eq!(table, "WHAT        SUBJECT\n码库余量低  swans\nlate        T1");
    }
}
