//! Plugins in processes of their own, and what becomes of those that misbehave. The process is `child.py`, beside this
//! file: what it does badly is named by its argument or by the product that is booked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{CallContext, Request, Response};
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest};
use entrepot_contract::time::Clock as _;
use entrepot_host::{
    Host, InstanceKey, InstanceLimits, LoadedFrom, OpenOptions, PluginStatus, ProcessDeclaration, ProcessRules,
    RunningInstance, State, Threads, What,
};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tempfile::TempDir;

use crate::support::{Fake, START_MS, StillClock, book, open_request, options, order, parts, scope, supplier};

/// Nothing here is waited for longer than this.
const LONG_MS: i64 = 60_000;

/// Restarts at once; what has to be waited for to the end is short.
const RULES: ProcessRules = ProcessRules {
    start_ms: 30_000,
    open_ms: 30_000,
    stop_ms: 30_000,
    terminate_ms: 200,
    first_delay_ms: 1,
    longest_delay_ms: 5,
    healthy_ms: 60_000,
    restarts: 3,
    window_ms: 600_000,
};

/// A host with a healthy plugin in it, and the folder that the child runs in.
struct Stage {
    host: Host,
    clock: Arc<StillClock>,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let clock = Arc::new(StillClock(AtomicI64::new(START_MS)));
        let answer = |_, _| async { Err(Fault::invalid("the healthy one answers")) }.boxed();
        let host = Host::new(parts(&clock, &Arc::default()), vec![Arc::new(Fake::new(supplier(), answer))]).unwrap();
        Self { host, clock, folder: tempfile::tempdir().unwrap() }
    }

    fn declaration(&self, behaviour: &str) -> ProcessDeclaration {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/child.py");
        ProcessDeclaration {
            plugin: "child".parse().unwrap(),
            program: "python3".to_owned(),
            arguments: vec![script.display().to_string(), behaviour.to_owned()],
            folder: self.folder.path().to_owned(),
            environment: vec!["CARGO_MANIFEST_DIR".to_owned()],
        }
    }

    /// Why it cannot be loaded.
    async fn refused(&self, declaration: ProcessDeclaration, rules: ProcessRules) -> String {
        let text = self.host.load_process(&declaration, rules).await.unwrap_err().to_string();
        let status = self.status();
        assert_eq!((status.state, status.reports.last().unwrap().text.clone()), (State::Failed, text.clone()));
        text
    }

    async fn with(behaviour: &str) -> (Self, Arc<RunningInstance>) {
        Self::with_rules(behaviour, RULES).await
    }

    async fn with_rules(behaviour: &str, rules: ProcessRules) -> (Self, Arc<RunningInstance>) {
        let stage = Self::new();
        stage.host.load_process(&stage.declaration(behaviour), rules).await.unwrap();
        let instance = stage.open("app").await;
        (stage, instance)
    }

    async fn open(&self, application: &str) -> Arc<RunningInstance> {
        let key = InstanceKey::new("child".parse().unwrap(), application.parse().unwrap());
        let request =
            entrepot_contract::message::OpenRequest { application: key.application.clone(), ..open_request() };
        let options = OpenOptions { limits: InstanceLimits::new(64, LONG_MS as u64), ..options() };
        self.host.open(key, request, options).await.unwrap()
    }

    fn status(&self) -> PluginStatus {
        self.host.status().into_iter().find(|status| status.id.as_str() == "child").unwrap()
    }

    fn context(&self, left_ms: i64) -> CallContext {
        CallContext {
            deadline: self.clock.now().plus_millis(left_ms),
            idempotency_key: "key".to_owned(),
            trace: "trace".parse().unwrap(),
            attempt: 1,
            connection: None,
        }
    }

    async fn book(&self, instance: &RunningInstance, product: &str) -> Result<String, Fault> {
        let answer = instance.call(self.context(LONG_MS), booking(product), scope("c")).await;
        answer.map(|response: Response| {
            let value = serde_json::to_value(response).unwrap();
            value["text"].as_str().unwrap_or_default().to_owned()
        })
    }

    /// Waits until its process and its instance are there again.
    async fn again(&self, instance: &RunningInstance) {
        until("it runs again", || self.status().state != State::Failed && instance.look() == Threads::Run).await;
    }

    /// The other plugin of the host does what it always did.
    async fn others_are_well(&self) {
        let key = InstanceKey::new("fake-supplier".parse().unwrap(), "app".parse().unwrap());
        let other = match self.host.instance(&key) {
            Some(other) => other,
            None => self.host.open(key, open_request(), options()).await.unwrap(),
        };
        let fault = other.call(self.context(LONG_MS), book(), scope("c")).await.unwrap_err();
        assert_eq!(fault.text, "the healthy one answers");
    }
}

fn booking(product: &str) -> Request {
    let order = SupplierOrder { product_code: product.to_owned(), ..*order(1) };
    Request::Supplier(SupplierRequest::Book { order: Box::new(order) })
}

fn inquiry(product: &str) -> Request {
    let order = SupplierOrder { product_code: product.to_owned(), ..*order(1) };
    Request::Supplier(SupplierRequest::Inquire { order: Box::new(order), memo: None })
}

/// Waits until something is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// Whether a process runs; one that waits to be buried does not.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn it_answers_where_it_was_put_with_what_it_was_given() {
    let (stage, instance) = Stage::with("well").await;
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 1");
    let told = stage.book(&instance, "environment").await.unwrap();
    let (folder, names) = told.split_once(' ').unwrap();
    assert_eq!(Path::new(folder), stage.folder.path().canonicalize().unwrap());
    // An interpreter may add some of its own.
    let given = |name: &str| names.split(' ').any(|given| given == name);
    assert!(given("PATH") && given("CARGO_MANIFEST_DIR"), "{names}");
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some() && !given("CARGO_PKG_NAME") && !given("HOME"), "{names}");
    let status = stage.status();
    assert_eq!((status.state, status.abi), (State::Open, None));
    let LoadedFrom::Process { command, .. } = status.loaded else { panic!("{:?}", status.loaded) };
    assert!(command.starts_with("python3 ") && command.ends_with("child.py well"), "{command}");
    assert_eq!(instance.look(), Threads::Run);
    stage.clock.advance(10_000);
    until("the heartbeat is answered", || instance.look() == Threads::Run).await;
    stage.host.close_all().await;
    let fault = stage.book(&instance, "any").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
}

#[tokio::test]
async fn a_start_that_fails_says_why() {
    let stage = Stage::new();
    let impatient = ProcessRules { start_ms: 100, ..RULES };
    for (behaviour, rules, expected) in [
        (
            "dies",
            RULES,
            "ended with code 1 (its last line on standard error: the settings file is missing) before it gave its manifest",
        ),
        ("silent", impatient, "gave no manifest within 100 ms"),
        ("huge", RULES, "announced a frame of 100000000 bytes, at most"),
        ("garbage", RULES, "sent a frame that cannot be read"),
        ("text", RULES, "it looks like text: nothing but frames may go to its standard output"),
        ("other-id", RULES, "holds the plugin somebody"),
        ("other-contract", RULES, "speaks contract major 9, this host speaks [1]"),
    ] {
        let text = stage.refused(stage.declaration(behaviour), rules).await;
        assert!(text.starts_with("plugin child: its process `python3 ") && text.contains(expected), "{text}");
    }
    stage.others_are_well().await;
}

#[tokio::test]
async fn a_command_that_cannot_be_run_says_what_to_do() {
    let stage = Stage::new();
    let script = stage.folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let with = |program: &str| ProcessDeclaration { program: program.to_owned(), ..stage.declaration("well") };
    for (declaration, expected) in [
        (with("no-such-program"), "no-such-program is not found in PATH"),
        (with("./missing"), "missing is not there; correct `command`"),
        (with("./script"), "is not executable; allow it (chmod +x)"),
        (ProcessDeclaration { folder: "/no/such/folder".into(), ..with("sh") }, "the folder /no/such/folder"),
    ] {
        let text = stage.refused(declaration, RULES).await;
        assert!(text.contains("cannot be started") && text.contains(expected), "{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let text = stage.refused(with("./script"), RULES).await;
        assert!(text.contains("the interpreter that the first line"), "{text}");
    }
}

#[tokio::test]
async fn an_end_in_a_call_leaves_its_effect_unknown_and_the_next_process_goes_on() {
    let (stage, instance) = Stage::with("well").await;
    let second = stage.open("second").await;
    let fault = stage.book(&instance, "dies").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Crashed, Effect::Unknown), "{fault}");
    assert!(fault.text.contains("its process ended with code 3"), "{fault}");
    stage.again(&instance).await;
    until("the other instance is open, too", || second.look() == Threads::Run).await;
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 2");
    assert_eq!(stage.book(&second, "any").await.unwrap(), "start 2");
    let fault = stage.book(&instance, "is-killed").await.unwrap_err();
    assert!(fault.text.contains("its process was ended by signal 9"), "{fault}");
    stage.again(&instance).await;
    let ended = instance.call(stage.context(LONG_MS), inquiry("dies"), scope("c")).await.unwrap_err();
    assert_eq!((ended.kind, ended.effect), (FaultKind::Crashed, Effect::NotDone), "a question has no effect");
    let reports: Vec<String> = stage.status().reports.into_iter().map(|report| report.text).collect();
    assert!(reports[0].contains("its process ended with code 3; it is started again in 1 ms"), "{reports:?}");
    assert!(reports[1].contains("its process runs again"), "{reports:?}");
    stage.others_are_well().await;
}

#[tokio::test]
async fn while_it_is_down_calls_are_refused_and_the_health_page_says_since_when() {
    let slow = ProcessRules { first_delay_ms: 600_000, longest_delay_ms: 600_000, ..RULES };
    let (stage, instance) = Stage::with_rules("well", slow).await;
    stage.book(&instance, "dies").await.unwrap_err();
    let since = stage.clock.now();
    until("its end is noticed", || matches!(instance.look(), Threads::Gone { .. })).await;
    stage.clock.advance(5_000);
    let fault = stage.book(&instance, "any").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect, fault.retry_after_ms), (FaultKind::Busy, Effect::NotDone, Some(600_000)));
    assert!(fault.text.contains("ended with code 3"), "{fault}");
    let status = stage.status();
    assert_eq!((status.state, status.instances[0].state), (State::Degraded, State::Degraded));
    let troubles = status.instances[0].troubles();
    assert_eq!((troubles[0].what.clone(), troubles[0].since), (What::Gone, since));
    stage.others_are_well().await;
}

#[tokio::test]
async fn after_too_many_ends_it_is_left_alone_until_somebody_reloads() {
    let (stage, instance) = Stage::with("dies-the-second-time").await;
    stage.book(&instance, "dies").await.unwrap_err();
    until("it is left alone", || stage.status().state == State::Failed).await;
    let fault = stage.book(&instance, "any").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
    let text = stage.status().reports.last().unwrap().text.clone();
    let last = "ended with code 1 (its last line on standard error: not again) before it gave its manifest";
    assert!(text.contains(last) && text.contains("after 3 restarts within 10 minutes; mend it, then reload"), "{text}");
    assert!(stage.host.process_has_failed(&"child".parse().unwrap()));
    let (_, replaced) = stage.host.try_process(&stage.declaration("well"), RULES).await.unwrap();
    assert!(replaced.is_some());
    assert_eq!(stage.book(&*stage.open("fresh").await, "any").await.unwrap(), "start 5");
    stage.others_are_well().await;
}

#[tokio::test]
async fn one_that_comes_back_as_another_is_left_alone() {
    let (stage, instance) = Stage::with("changes").await;
    stage.book(&instance, "dies").await.unwrap_err();
    until("it is left alone", || stage.status().state == State::Failed).await;
    let text = stage.status().reports.last().unwrap().text.clone();
    assert!(text.contains("came back with another manifest; reload to take it"), "{text}");
}

#[tokio::test]
async fn an_instance_that_does_not_open_again_is_tried_again() {
    let (stage, instance) = Stage::with("opens-late").await;
    stage.book(&instance, "dies").await.unwrap_err();
    stage.again(&instance).await;
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 2");
    let reports: Vec<String> = stage.status().reports.into_iter().map(|report| report.text).collect();
    assert!(reports.iter().any(|text| text.contains("app did not open again") && text.contains("partner sleeps")));
}

#[tokio::test]
async fn answers_that_are_nobodys_find_nobody() {
    let (stage, instance) = Stage::with("well").await;
    let neighbour = stage.open("neighbour").await;
    assert_eq!(stage.book(&neighbour, "answers-others").await.unwrap(), "first");
    assert_eq!(stage.book(&neighbour, "any").await.unwrap(), "start 1");
    let closed = stage.book(&instance, "any").await.unwrap_err();
    assert_eq!(closed.kind, FaultKind::Unavailable, "within one process an instance may say that it has stopped");
    let fault = stage.book(&neighbour, "answers-rubbish").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled);
    stage.others_are_well().await;
}

#[tokio::test]
async fn one_process_cannot_speak_for_another() {
    let (stage, instance) = Stage::with("well").await;
    let other = Stage::with("well").await;
    assert_eq!(other.0.book(&other.1, "answers-others").await.unwrap(), "first");
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 1", "its instance was not closed by the other");
}

#[tokio::test]
async fn garbage_in_a_call_and_an_output_that_is_closed_end_the_process() {
    let (stage, instance) = Stage::with("well").await;
    let fault = stage.book(&instance, "sends-garbage").await.unwrap_err();
    assert!(fault.kind == FaultKind::Crashed && fault.text.contains("a frame that cannot be read"), "{fault}");
    stage.again(&instance).await;
    let fault = stage.book(&instance, "closes-its-output").await.unwrap_err();
    let why = "its process closed its standard output and went on running";
    assert!(fault.kind == FaultKind::Crashed && fault.text.contains(why), "{fault}");
    stage.again(&instance).await;
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 3");
    stage.others_are_well().await;
}

#[tokio::test]
async fn one_that_hears_nothing_is_silent_and_its_calls_run_out_of_time() {
    let (stage, instance) = Stage::with("well").await;
    let answer = instance.call(stage.context(100), booking("sleeps"), scope("c")).await.unwrap_err();
    assert_eq!(answer.kind, FaultKind::TimedOut);
    // What it does not read waits up to a limit; there is room for a heartbeat all the same.
    let large = booking(&"x".repeat(3_900_000));
    let calls = (0..12).map(|_| instance.call(stage.context(300), large.clone(), scope("c")));
    let kinds: Vec<FaultKind> = join_all(calls).await.into_iter().map(|answer| answer.unwrap_err().kind).collect();
    assert!(kinds.contains(&FaultKind::Busy) && kinds.contains(&FaultKind::TimedOut), "{kinds:?}");
    let since = stage.clock.now();
    assert_eq!(instance.look(), Threads::Run, "a heartbeat is on its way");
    stage.clock.advance(2_000);
    assert_eq!(instance.look(), Threads::Silent { since });
    stage.others_are_well().await;
}

#[tokio::test]
async fn a_flood_of_words_or_questions_changes_nothing() {
    let (stage, instance) = Stage::with("well").await;
    assert_eq!(stage.book(&instance, "floods").await.unwrap(), "start 1");
    assert_eq!(stage.book(&instance, "asks-much").await.unwrap(), "2000 answers");
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 1");
    // One that takes no answer is not asked any more questions: the pipes are full, and that is all.
    let answer = instance.call(stage.context(300), booking("asks-and-never-listens"), scope("c")).await.unwrap_err();
    assert_eq!(answer.kind, FaultKind::TimedOut);
    stage.others_are_well().await;
}

#[tokio::test]
async fn its_secrets_are_not_quoted() {
    let (stage, instance) = Stage::with("well").await;
    let fault = stage.book(&instance, "leaks").await.unwrap_err();
    assert!(fault.text.contains("the key *** was refused"), "{fault}");
    until("its end is noticed", || !stage.status().reports.is_empty()).await;
    let reports = format!("{:?}", stage.status().reports);
    assert!(reports.contains("the key *** was refused") && !reports.contains("s3cret-value"), "{reports}");
}

#[tokio::test]
async fn one_that_will_not_go_is_killed_with_all_that_it_started() {
    let hasty = ProcessRules { stop_ms: 100, ..RULES };
    let (stage, instance) = Stage::with_rules("deaf", hasty).await;
    let told = stage.book(&instance, "has-a-child").await.unwrap();
    let (own, started) = told.split_once(' ').unwrap();
    assert!(runs(own) && runs(started));
    // It does not say that the instance has stopped, either; that wait is the host's own.
    drop(instance);
    stage.host.withdraw(&[InstanceKey::new("child".parse().unwrap(), "app".parse().unwrap())]);
    stage.host.close_all().await;
    until("both are gone", || !runs(own) && !runs(started)).await;
    stage.others_are_well().await;
}

#[tokio::test]
async fn another_command_takes_its_place_and_the_old_process_ends_with_its_last_instance() {
    let (stage, instance) = Stage::with("well").await;
    let old = stage.book(&instance, "has-a-child").await.unwrap();
    let (old, _) = old.split_once(' ').unwrap();
    let (_, replaced) = stage.host.try_process(&stage.declaration("opens-late"), RULES).await.unwrap();
    assert_eq!(stage.book(&instance, "any").await.unwrap(), "start 1", "open instances stay where they are");
    stage.host.put_back(replaced.unwrap());
    assert_eq!(stage.book(&*stage.open("second").await, "any").await.unwrap(), "start 1", "it has its place again");
    stage.host.close(&InstanceKey::new("child".parse().unwrap(), "second".parse().unwrap())).await;
    stage.host.withdraw(&[InstanceKey::new("child".parse().unwrap(), "second".parse().unwrap())]);
    let (_, replaced) = stage.host.try_process(&stage.declaration("well"), RULES).await.unwrap();
    drop(replaced);
    let fresh = stage.host.prepare(instance.key(), open_request(), options()).await.unwrap();
    let leaving = stage.host.replace(vec![Arc::clone(&fresh)]);
    drop(instance);
    for gone in leaving {
        assert!(Host::drain(gone, Duration::from_secs(30)).await);
    }
    until("the old one is gone", || !runs(old)).await;
    assert_eq!(stage.book(&fresh, "any").await.unwrap(), "start 3");
}
