//! Checks of suppliers that fulfil from a pool.

use std::sync::Arc;

use entrepot_contract::order::CredentialKind;
use entrepot_contract::supplier::{CodeRow, PreparedCode};

use crate::ability::all;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fine, keeps_quiet, lines};

pub(crate) const CHECKS: &[Check] = checks! {
    good_rows_become_credentials if all, "a good row gives at least one credential, without blanks around it";
    passwords_go_with_their_codes if all, "a password is a credential of its own, of the kind password, beside its code";
    bad_rows_are_refused_one_by_one if all, "empty, too long or with control characters: such a row is refused, the others are not";
    rows_are_answered_in_order if all, "one answer for each row, in order, with the row's line";
    lines_survive if all, "an answer bears the line of its row";
    many_rows_at_once if all, "an import has thousands of rows";
    the_same_row_gives_the_same_answer if all, "nothing is remembered between rows or imports";
    codes_of_one_import_stay_their_own if all, "no row's answer holds another row's code";
    codes_stay_out_of_sight if all, "name the line and what is wrong, never the code";
    preparing_calls_nobody if all, "codes are prepared without asking anybody";
};

fn row(line: u32, code: &str, password: Option<&str>) -> CodeRow {
    CodeRow { line, code: code.to_owned(), password: password.map(str::to_owned) }
}

async fn prepared(trial: &Trial, rows: Vec<CodeRow>) -> Outcome<Vec<PreparedCode>> {
    let seat = trial.open(&trial.world()).await?;
    fine("prepare_codes", seat.prepare_codes(rows).await)
}

async fn good_rows_become_credentials(trial: Arc<Trial>) -> Outcome {
    let long = "x".repeat(512);
    let rows = vec![row(2, "ABC-1", None), row(3, "  20261001码 ", Some("p1")), row(4, &long, None)];
    for answer in prepared(&trial, rows).await? {
        let line = answer.line;
        let credentials = answer.result.map_err(|why| format!("line {line} was refused: {why}"))?;
        let right = !credentials.is_empty() && credentials.iter().all(|credential| !credential.value.is_empty());
        ensure(right, || format!("line {line} has an empty credential"))?;
        let trimmed = credentials.iter().all(|credential| credential.value.trim() == credential.value);
        ensure(trimmed, || format!("line {line} keeps blanks around its code"))?;
    }
    Ok(())
}

async fn bad_rows_are_refused_one_by_one(trial: Arc<Trial>) -> Outcome {
    let long = "x".repeat(513);
    let bad = ["", "   ", "a\nb", "a\u{0}b", long.as_str()];
    let mut rows = vec![row(1, "good", None)];
    rows.extend((2..).zip(bad).map(|(line, code)| row(line, code, None)));
    let answers = prepared(&trial, rows).await?;
    for answer in &answers {
        let right = answer.result.is_ok() == (answer.line == 1);
        ensure(right, || format!("line {} is answered {:?}", answer.line, answer.result))?;
    }
    Ok(())
}

async fn rows_are_answered_in_order(trial: Arc<Trial>) -> Outcome {
    let rows: Vec<CodeRow> = (1..=500).map(|line| row(line, &format!("C{line}"), None)).collect();
    let lines: Vec<u32> = prepared(&trial, rows).await?.iter().map(|answer| answer.line).collect();
    ensure(lines == (1..=500).collect::<Vec<u32>>(), || "answers are missing or in another order".to_owned())
}

async fn passwords_go_with_their_codes(trial: Arc<Trial>) -> Outcome {
    let rows = vec![row(1, "CODE-A", Some("PASS-A")), row(2, "CODE-B", None)];
    let answers = prepared(&trial, rows).await?;
    let of = |at: usize| {
        let credentials = answers.get(at).and_then(|answer| answer.result.clone().ok()).unwrap_or_default();
        let passwords = credentials.iter().filter(|credential| credential.kind == CredentialKind::Password);
        passwords.map(|credential| credential.value.clone()).collect::<Vec<_>>()
    };
    ensure(of(0) == ["PASS-A"] && of(1).is_empty(), || format!("passwords are {:?} and {:?}", of(0), of(1)))
}

async fn lines_survive(trial: Arc<Trial>) -> Outcome {
    let rows = vec![row(7, "A", None), row(u32::MAX, "B", None), row(2, "", None)];
    let lines: Vec<u32> = prepared(&trial, rows).await?.iter().map(|answer| answer.line).collect();
    ensure(lines == [7, u32::MAX, 2], || format!("lines 7, {} and 2 became {lines:?}", u32::MAX))
}

async fn many_rows_at_once(trial: Arc<Trial>) -> Outcome {
    const ROWS: u32 = 20_000;
    let rows: Vec<CodeRow> = (1..=ROWS).map(|line| row(line, &format!("C{line}"), None)).collect();
    let well = prepared(&trial, rows).await?.iter().filter(|answer| answer.result.is_ok()).count();
    ensure(well == ROWS as usize, || format!("{well} of {ROWS} rows became credentials"))
}

async fn codes_of_one_import_stay_their_own(trial: Arc<Trial>) -> Outcome {
    let codes = ["FIRST-111", "SECOND-222", "THIRD-333"];
    let rows = (1..).zip(codes).map(|(line, code)| row(line, code, None)).collect();
    for (answer, code) in prepared(&trial, rows).await?.iter().zip(codes) {
        let values = answer.result.clone().unwrap_or_default();
        let own = values.iter().all(|credential| !codes.iter().any(|c| *c != code && credential.value.contains(c)));
        ensure(own && !values.is_empty(), || format!("line {} bears another row's code", answer.line))?;
    }
    Ok(())
}

async fn the_same_row_gives_the_same_answer(trial: Arc<Trial>) -> Outcome {
    let rows = vec![row(1, "ABC", Some("p")), row(2, "", None)];
    let (first, second) = (prepared(&trial, rows.clone()).await?, prepared(&trial, rows).await?);
    ensure(first == second, || "two preparations differ".to_owned())
}

async fn codes_stay_out_of_sight(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    let rows = vec![row(1, "CODE-7391", Some("PASS-7391")), row(2, "BAD-7391\n", Some("WORSE\n7391"))];
    let answers = fine("prepare_codes", seat.prepare_codes(rows).await)?;
    let reasons: Vec<String> = answers.into_iter().filter_map(|answer| answer.result.err()).collect();
    keeps_quiet("a log line", &lines(&world), &["7391"])?;
    keeps_quiet("a reason", &reasons, &["7391"])
}

async fn preparing_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    fine("prepare_codes", seat.prepare_codes(vec![row(1, "C", None)]).await)?;
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}
