//! What came out, for people and as JSON.

use std::fmt;

use serde::Serialize;

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// The plugin does not declare what it is about.
    NotDeclared,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Its name, distinct in the suite.
    pub name: &'static str,
    /// How it ended.
    pub result: Verdict,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One run of the suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Checks that hold.
    pub passed: usize,
    /// Checks that do not.
    pub failed: usize,
    /// Checks of what is not declared.
    pub not_declared: usize,
    /// All of them, in order.
    pub checks: Vec<CheckReport>,
}

impl Report {
    pub(crate) fn of(checks: Vec<CheckReport>) -> Self {
        let count = |verdict| checks.iter().filter(|check| check.result == verdict).count();
        let (passed, failed) = (count(Verdict::Passed), count(Verdict::Failed));
        Self { passed, failed, not_declared: count(Verdict::NotDeclared), checks }
    }

    /// Whether something was checked and nothing failed.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.passed > 0 && self.failed == 0
    }

    /// Where another run of the same suite differs.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let named = |report: &Self| report.checks.iter().map(|check| (check.name, check.result)).collect::<Vec<_>>();
        let (here, there) = (named(self), named(other));
        if here.len() != there.len() {
            return vec![format!("{} checks against {}", here.len(), there.len())];
        }
        let differs = |(a, b): &(&(&str, Verdict), &(&str, Verdict))| a != b;
        let said = |(a, b): (&(&str, Verdict), &(&str, Verdict))| format!("{}: {:?} against {:?}", a.0, a.1, b.1);
        here.iter().zip(&there).filter(differs).map(said).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = match check.result {
                Verdict::Passed => "passed      ",
                Verdict::Failed => "FAILED      ",
                Verdict::NotDeclared => "not declared",
            };
            writeln!(f, "  {mark} {}", check.name)?;
            if let Some(why) = &check.why {
                writeln!(f, "               {why}")?;
            }
        }
        write!(f, "{} passed, {} failed, {} not declared", self.passed, self.failed, self.not_declared)
    }
}
