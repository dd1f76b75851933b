//! Runs the checks of a plugin, however it is reached, and compares two ways of reaching it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::manifest::{Manifest, PluginKind};
use entrepot_contract::plugin::Plugin;
use tokio::runtime::Runtime;

use crate::fixture::Fixture;
use crate::report::{CheckReport, Report, Verdict};
use crate::trial::Trial;
use crate::{channel, every, library, pool, supplier, trouble};

/// How long one check may take; a plugin that never answers fails it.
const CHECK_LIMIT: Duration = Duration::from_secs(20);

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The plugin does not hold to it.
    Failed(String),
    /// Nobody brought what it needs.
    NotRun(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Stop>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One check: its name, what it asks of a plugin, when it applies, and what it does.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) applies: fn(&Manifest) -> bool,
    pub(crate) run: fn(Arc<Trial>) -> Running,
}

/// A table of checks: `function if ability, "what a plugin has to do";`. The function's name is the check's.
macro_rules! checks {
    ($($run:ident if $applies:expr, $rule:literal;)*) => {
        &[$($crate::suite::Check {
            name: stringify!($run),
            rule: $rule,
            applies: $applies,
            run: |trial| Box::pin($run(trial)),
        }),*]
    };
}
pub(crate) use checks;

/// A plugin under test.
pub struct Suite {
    plugin: Arc<dyn Plugin>,
    fixture: Fixture,
}

impl Suite {
    /// Any plugin, however it is reached: built in, from a library, or from a process.
    #[must_use]
    pub fn of(plugin: Arc<dyn Plugin>, fixture: Fixture) -> Self {
        Self { plugin, fixture }
    }

    /// A supplier: one that is called, or one that fulfils from a pool.
    #[must_use]
    pub fn for_supplier(plugin: fn() -> Arc<dyn Plugin>, fixture: Fixture) -> Self {
        Self::of(plugin(), fixture)
    }

    /// A channel.
    #[must_use]
    pub fn for_channel(plugin: fn() -> Arc<dyn Plugin>, fixture: Fixture) -> Self {
        Self::of(plugin(), fixture)
    }

    /// The checks that a plugin of this kind meets, declared or not.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        tables(&self.plugin.manifest()).iter().copied().flatten().map(|check| check.name).collect()
    }

    /// Runs the checks.
    ///
    /// # Panics
    /// When this process can start no runtime.
    #[must_use]
    pub fn run(&self) -> Report {
        self.run_on(&self.plugin)
    }

    /// Runs one check; none is of another name.
    ///
    /// # Panics
    /// When this process can start no runtime.
    #[must_use]
    pub fn run_one(&self, name: &str) -> Option<CheckReport> {
        let manifest = self.plugin.manifest();
        let check = tables(&manifest).iter().copied().flatten().find(|check| check.name == name)?;
        Some(self.result(&runtime(), check, &manifest, &self.plugin))
    }

    /// Runs the checks on the plugin's library.
    ///
    /// # Panics
    /// When this process can start no runtime.
    pub fn run_library(&self) -> Result<Report, String> {
        let loaded = library::load(self.plugin.manifest().id.as_str())?;
        Ok(self.run_on(&loaded))
    }

    /// Runs the checks both ways.
    ///
    /// # Panics
    /// When a check fails, none ran, the library is missing, or the two differ.
    pub fn assert_conforms(&self) {
        let built_in = self.run();
        assert!(built_in.conforms(), "built in:\n{built_in}");
        match self.run_library() {
            Err(fault) => panic!("as a library: {fault}"),
            Ok(library) => {
                assert!(library.conforms(), "as a library:\n{library}");
                let differences = built_in.differences(&library);
                assert!(differences.is_empty(), "built in and library differ: {differences:?}");
            }
        }
    }

    fn run_on(&self, plugin: &Arc<dyn Plugin>) -> Report {
        let (runtime, manifest) = (runtime(), plugin.manifest());
        let checks = tables(&manifest).into_iter().flatten();
        Report::of(checks.map(|check| self.result(&runtime, check, &manifest, plugin)).collect())
    }

    fn result(&self, runtime: &Runtime, check: &Check, manifest: &Manifest, plugin: &Arc<dyn Plugin>) -> CheckReport {
        let name = check.name;
        if !(check.applies)(manifest) {
            return CheckReport { name, result: Verdict::NotDeclared, why: None, rule: None };
        }
        let trial = Arc::new(Trial::new(Arc::clone(plugin), self.fixture.clone()));
        let mut outcome = runtime.block_on(guarded((check.run)(Arc::clone(&trial))));
        if let Some(trouble) = trial.trouble() {
            outcome = Err(Stop::Failed(format!("the other side: {trouble}")));
        }
        match outcome {
            Ok(()) => CheckReport { name, result: Verdict::Passed, why: None, rule: None },
            Err(Stop::NotRun(why)) => CheckReport { name, result: Verdict::NotRun, why: Some(why), rule: None },
            Err(Stop::Failed(why)) => {
                CheckReport { name, result: Verdict::Failed, why: Some(why), rule: Some(check.rule) }
            }
        }
    }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap_or_else(|fault| panic!("no runtime for the suite: {fault}"))
}

/// The tables for a plugin of this kind.
fn tables(manifest: &Manifest) -> Vec<&'static [Check]> {
    let pool = manifest.capabilities.supplier.as_ref().is_some_and(|supplier| supplier.is_pool());
    let of_kind: &[&[&'static [Check]]] = match manifest.kind {
        PluginKind::Supplier if pool => &[&[pool::CHECKS]],
        PluginKind::Supplier => &[supplier::TABLES, trouble::TABLES],
        PluginKind::Channel => &[channel::TABLES],
        PluginKind::Unknown => &[],
    };
    every::TABLES.iter().chain(of_kind.iter().copied().flatten()).copied().collect()
}

/// In a task of its own, so that a panic of the plugin fails one check and no more.
async fn guarded(check: Running) -> Outcome {
    match tokio::time::timeout(CHECK_LIMIT, tokio::spawn(check)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Stop::Failed("the plugin panicked".to_owned())),
        Err(_) => Err(Stop::Failed(format!("no end within {} s", CHECK_LIMIT.as_secs()))),
    }
}
