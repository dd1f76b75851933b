//! Amounts: fen inside, yuan with two decimals on requests (introduction of the page).

/// The largest amount read, in fen.
const LIMIT_FEN: i64 = 100_000_000_000;

/// Yuan as text.
pub(crate) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

/// Fen from yuan text with at most two decimals; `None` for anything else.
pub(crate) fn fen(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 || whole.len() > 12 {
        return None;
    }
    let tenths = if decimals.len() == 1 { 10 } else { 1 };
    let fen = whole.parse::<i64>().ok()? * 100 + decimals.parse::<i64>().ok()? * tenths;
    (fen <= LIMIT_FEN).then_some(fen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_and_back() {
        assert_eq!(yuan(8_000), "80.00");
        assert_eq!(yuan(5), "0.05");
        for (text, amount) in [("80.00", 8_000), ("80.5", 8_050), ("80", 8_000), ("0.01", 1)] {
            assert_eq!(fen(text), Some(amount), "{text}");
        }
        for text in ["", "80.", ".5", "80.001", "-1.00", "8e3", "+1", "999999999999.00"] {
            assert_eq!(fen(text), None, "{text}");
        }
    }
}
