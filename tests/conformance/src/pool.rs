//! Checks of suppliers that fulfil from a pool.

use std::sync::Arc;

use entrepot_contract::supplier::{CodeRow, PreparedCode};

use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fine, keeps_quiet, traces};

pub(crate) const CHECKS: &[Check] = checks! {
    "good_rows_become_credentials" if |_| true => good_rows_become_credentials;
    "bad_rows_are_refused_one_by_one" if |_| true => bad_rows_are_refused_one_by_one;
    "rows_are_answered_in_order" if |_| true => rows_are_answered_in_order;
    "the_same_row_gives_the_same_answer" if |_| true => the_same_row_gives_the_same_answer;
    "codes_stay_out_of_sight" if |_| true => codes_stay_out_of_sight;
    "preparing_calls_nobody" if |_| true => preparing_calls_nobody;
};

fn row(line: u32, code: &str, password: Option<&str>) -> CodeRow {
    CodeRow { line, code: code.to_owned(), password: password.map(str::to_owned) }
}

async fn prepared(trial: &Trial, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, String> {
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
    keeps_quiet("a log line", &traces(&world), &["7391"])?;
    keeps_quiet("a reason", &reasons, &["7391"])
}

async fn preparing_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    fine("prepare_codes", seat.prepare_codes(vec![row(1, "C", None)]).await)?;
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}
