//! What simulators and demo journeys implement. They register in `plugins/builtin`; the server runs them without
//! knowing any by name.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde::Serialize;

/// An outside system played on loopback.
#[async_trait]
pub trait Simulator: Send + Sync {
    /// Its name, which journeys ask for.
    fn name(&self) -> &'static str;
    /// Starts it.
    async fn start(&self) -> Result<Running, String>;
}

/// A simulator that runs. It stops when the handle is dropped.
pub struct Running {
    /// The simulator's name.
    pub name: &'static str,
    /// Where it listens.
    pub url: String,
    /// Configuration to merge, for example `{"applications":{"acme":{"base_url":"http://127.0.0.1:1234"}}}`.
    pub overlay: serde_json::Value,
    /// The simulator itself, for journeys that press its buttons.
    pub handle: Arc<dyn Any + Send + Sync>,
}

/// A story played against a running Entrepot.
#[async_trait]
pub trait Journey: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Plays it to its end, or to the first step that fails.
    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String>;
}

/// What a journey plays on.
pub struct Stage {
    /// Where Entrepot listens.
    pub entrepot_url: String,
    /// A bearer token of role admin.
    pub admin_token: String,
    /// The handles of all simulators, by name.
    pub simulators: BTreeMap<&'static str, Arc<dyn Any + Send + Sync>>,
}

impl Stage {
    /// A simulator by its name and type.
    pub fn simulator<T: Any + Send + Sync>(&self, name: &str) -> Result<Arc<T>, String> {
        let handle = self.simulators.get(name).ok_or_else(|| format!("no simulator named {name} runs"))?;
        Arc::clone(handle).downcast().map_err(|_| format!("the simulator {name} is of another type"))
    }
}

/// One step, told to people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// What was done.
    pub name: String,
    /// Whether it went as it should.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Who called whom, and what changed; or why it failed.
    pub detail: String,
}

/// The steps of one journey, in order.
pub struct StepLog {
    steps: Vec<StepReport>,
    on_step: Box<dyn FnMut(&StepReport) + Send>,
}

impl StepLog {
    /// A log that calls `on_step` as each step ends.
    pub fn new(on_step: impl FnMut(&StepReport) + Send + 'static) -> Self {
        Self { steps: Vec::new(), on_step: Box::new(on_step) }
    }

    /// Runs one step and takes its time. The step answers a value and its detail, or why it failed.
    pub async fn step<T>(
        &mut self,
        name: &str,
        step: impl Future<Output = Result<(T, String), String>>,
    ) -> Result<T, String> {
        let start = Instant::now();
        let outcome = step.await;
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (passed, detail) = match &outcome {
            Ok((_, detail)) => (true, detail.clone()),
            Err(why) => (false, why.clone()),
        };
        self.push(StepReport { name: name.to_owned(), passed, ms, detail });
        outcome.map(|(value, _)| value).map_err(|why| format!("{name}: {why}"))
    }

    /// Adds a step that was timed elsewhere.
    pub fn push(&mut self, report: StepReport) {
        (self.on_step)(&report);
        self.steps.push(report);
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }

    /// Whether there were steps and all passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.passed)
    }
}
