//! Runs the checks of a plugin, here and in its library, and compares.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::capability::Capabilities;
use entrepot_contract::plugin::Plugin;

use crate::fixture::{Fixture, Side};
use crate::report::{CheckReport, Report, Verdict};
use crate::trial::Trial;
use crate::{channel, every, library, pool, supplier, trouble};

/// How long one check may take; a plugin that never answers fails it.
const CHECK_LIMIT: Duration = Duration::from_secs(20);

pub(crate) type Outcome = Result<(), String>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One check: its name, when it applies, and what it does.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) applies: fn(&Capabilities) -> bool,
    pub(crate) run: fn(Arc<Trial>) -> Running,
}

/// A table of checks: `name if capability => function`.
macro_rules! checks {
    ($($name:literal if $applies:expr => $run:path;)*) => {
        &[$($crate::suite::Check { name: $name, applies: $applies, run: |trial| Box::pin($run(trial)) }),*]
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

    /// Runs the checks on the plugin as it was given.
    ///
    /// # Panics
    /// When this process can start no runtime.
    #[must_use]
    pub fn run(&self) -> Report {
        self.run_on(&self.plugin)
    }

    /// The same, of a plugin that is built in.
    ///
    /// # Panics
    /// When this process can start no runtime.
    #[must_use]
    pub fn run_built_in(&self) -> Report {
        self.run_on(&self.plugin)
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
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap_or_else(|fault| panic!("no runtime for the suite: {fault}"));
        let tables: &[&[Check]] = match &self.fixture.side {
            Side::Supplier(_) => &[every::CHECKS, supplier::CHECKS, trouble::CHECKS],
            Side::Pool => &[every::CHECKS, pool::CHECKS],
            Side::Channel(_) => &[every::CHECKS, channel::CHECKS],
        };
        let capabilities = plugin.manifest().capabilities;
        let mut reports = Vec::new();
        for check in tables.iter().copied().flatten() {
            let trial = Arc::new(Trial::new(Arc::clone(plugin), self.fixture.clone()));
            let outcome = (check.applies)(&capabilities).then(|| runtime.block_on(guarded((check.run)(trial))));
            let (result, why) = match outcome {
                None => (Verdict::NotDeclared, None),
                Some(Ok(())) => (Verdict::Passed, None),
                Some(Err(why)) => (Verdict::Failed, Some(why)),
            };
            reports.push(CheckReport { name: check.name, result, why });
        }
        Report::of(reports)
    }
}

/// In a task of its own, so that a panic of the plugin fails one check and no more.
async fn guarded(check: Running) -> Outcome {
    match tokio::time::timeout(CHECK_LIMIT, tokio::spawn(check)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the plugin panicked".to_owned()),
        Err(_) => Err(format!("no end within {} s", CHECK_LIMIT.as_secs())),
    }
}
