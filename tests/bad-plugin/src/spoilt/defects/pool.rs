//! Codes that are imported.

use entrepot_sdk::contract::message::Response;
use entrepot_sdk::contract::order::CredentialKind;
use entrepot_sdk::contract::supplier::{PreparedCode, SupplierResponse};

use crate::spoilt::{Answer, Deed, Defect, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    blank_codes breaks good_rows_become_credentials: Answered(|_, answer, _| {
        for credential in rows(answer).into_iter().flatten().flat_map(|row| &mut row.result).flatten() {
            credential.value.insert(0, ' ');
        }
    });
    loses_passwords breaks passwords_go_with_their_codes: Answered(|_, answer, _| {
        for credentials in rows(answer).into_iter().flatten().flat_map(|row| &mut row.result) {
            credentials.retain(|credential| credential.kind != CredentialKind::Password);
        }
    });
    one_bad_row_spoils_all breaks bad_rows_are_refused_one_by_one: Answered(|_, answer, _| {
        if let Some(rows) = rows(answer).filter(|rows| rows.iter().any(|row| row.result.is_err())) {
            rows.iter_mut().for_each(|row| row.result = Err("a row is bad".to_owned()));
        }
    });
    last_row_first breaks rows_are_answered_in_order: Answered(|_, answer, _| {
        rows(answer).into_iter().for_each(|rows| rows.reverse());
    });
    counts_lines_itself breaks lines_survive: Answered(|_, answer, _| {
        (1..).zip(rows(answer).into_iter().flatten()).for_each(|(line, row)| row.line = line);
    });
    ten_thousand_rows breaks many_rows_at_once: Answered(|_, answer, _| {
        rows(answer).into_iter().for_each(|rows| rows.truncate(10_000));
    });
    serial_numbers breaks the_same_row_gives_the_same_answer: Answered(|_, answer, place| {
        let number = place.notes.count("imports");
        for credential in rows(answer).into_iter().flatten().flat_map(|row| &mut row.result).flatten() {
            credential.value.push_str(&number.to_string());
        }
    });
    one_code_for_all breaks codes_of_one_import_stay_their_own: Answered(|_, answer, _| {
        let rows = rows(answer).map(Vec::as_mut_slice).unwrap_or_default();
        if let [first, others @ ..] = rows {
            others.iter_mut().for_each(|row| row.result = first.result.clone());
        }
    });
    logs_codes breaks codes_stay_out_of_sight: BesideCalls(Deed::LogsRequest);
    asks_about_codes breaks preparing_calls_nobody: BesideCalls(Deed::CallsPartner);
};

fn rows(answer: &mut Answer) -> Option<&mut Vec<PreparedCode>> {
    match answer {
        Ok(Response::Supplier(SupplierResponse::Codes { rows })) => Some(rows),
        _ => None,
    }
}
