//! How figures are printed.

use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::machine::Machine;

/// Tells what a program found: as JSON, or the machine and a table with a line for each row.
pub fn report<R: Serialize>(
    as_json: bool,
    machine: &Machine,
    rows: &[R],
    heads: &[&str],
    line: impl Fn(&R) -> Vec<String>,
) -> Result<()> {
    if as_json {
        let report = json!({ "machine": machine, "rows": rows });
        println!("{}", serde_json::to_string_pretty(&report).map_err(|fault| fault.to_string())?);
        return Ok(());
    }
    println!("{}", machine.line());
    print(heads, &rows.iter().map(line).collect::<Vec<_>>());
    Ok(())
}

/// Prints rows under their heads, each column as wide as it has to be.
pub fn print(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}", width = *width)).collect();
        println!("{}", cells.join("  "));
    };
    line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}

/// A number with as many places as a reader needs.
pub fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
