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
    /// It needs something of the other side that nobody brought.
    NotRun,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Its name, distinct in the suite.
    pub name: &'static str,
    /// How it ended.
    pub result: Verdict,
    /// Why it failed, or was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a plugin has to do to pass it; told where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

/// One run of the suite. Stable for scripts: it may gain fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Checks that hold.
    pub passed: usize,
    /// Checks that do not.
    pub failed: usize,
    /// Checks of what is not declared.
    pub not_declared: usize,
    /// Checks that need what nobody brought.
    pub not_run: usize,
    /// All of them, in order.
    pub checks: Vec<CheckReport>,
}

impl Report {
    pub(crate) fn of(checks: Vec<CheckReport>) -> Self {
        let count = |verdict| checks.iter().filter(|check| check.result == verdict).count();
        let (passed, failed) = (count(Verdict::Passed), count(Verdict::Failed));
        let (not_declared, not_run) = (count(Verdict::NotDeclared), count(Verdict::NotRun));
        Self { passed, failed, not_declared, not_run, checks }
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
                Verdict::NotRun => "not run     ",
            };
            writeln!(f, "  {mark} {}", check.name)?;
            for line in check.why.as_deref().into_iter().chain(check.rule) {
                writeln!(f, "               {line}")?;
            }
        }
        let Self { passed, failed, not_declared, not_run, .. } = self;
        write!(f, "{passed} passed, {failed} failed, {not_declared} not declared, {not_run} not run")
    }
}
