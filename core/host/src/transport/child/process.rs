//! One process: its pipes, what goes into them and comes out of them, and its end.
//!
//! Four tasks serve it: one writes, one reads, one listens to its standard error, and one watches over its end. Whatever
//! it does, it ends: its input is closed, then it is asked by SIGTERM, then it is killed, with all that it started.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::abi::{ACCEPTED, BUSY, CLOSED};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::frame::{self, Broken, Heard, Said, Told};
use super::launch::ProcessDeclaration;
use super::restart::ProcessRules;
use super::said::StandardError;
use crate::locked;
use crate::transport::line::Line;
use crate::transport::seats::{self, Seat};

/// Frames with messages that may wait to be written, and as many of the short ones without.
const QUEUE_LIMIT: usize = 1_024;
/// Bytes that may wait to be written.
const QUEUE_LIMIT_BYTES: usize = 32 * 1024 * 1024;
/// What a frame with a message counts for at least, in bytes, so that no more than the limit of them fit.
const LEAST_SHARE_BYTES: usize = QUEUE_LIMIT_BYTES / QUEUE_LIMIT;
/// Calls of one instance under way at once, as many as a library takes.
const IN_FLIGHT_LIMIT: usize = 256;
/// How long the last words and the exit code of a process are waited for once it is known to end.
const LAST_WORDS: Duration = Duration::from_millis(1_000);

/// A running process, and for a while what is known of one that ran.
pub(super) struct Process {
    plugin: Arc<str>,
    /// It is the number of its process group, too.
    number: Option<u32>,
    /// None once its input is closed.
    queue: Mutex<Option<mpsc::Sender<Queued>>>,
    room: Arc<Semaphore>,
    /// Instances opened in it, each with whether it is closing.
    instances: Mutex<BTreeMap<u64, bool>>,
    manifest: Mutex<Option<oneshot::Sender<Vec<u8>>>>,
    last_line: Mutex<String>,
    wish: watch::Sender<Wish>,
    /// Why it ended; it follows "its process".
    why: watch::Sender<Option<String>>,
}

/// A frame on its way, with its share of the queue.
struct Queued {
    frame: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Run,
    /// Close its input, wait, then end it.
    Stop,
    /// End it, because of this.
    End(String),
}

/// Ends the process unless it was kept: a start that fails or is given up leaves nothing behind.
struct Unkept(Option<Arc<Process>>);

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(process) = self.0.take() {
            process.wish(Wish::End("was given up while it started".to_owned()));
        }
    }
}

/// Starts a process and reads its manifest. The fault follows "its process".
pub(super) async fn start(
    declaration: &ProcessDeclaration,
    rules: ProcessRules,
    standard_error: &Arc<StandardError>,
) -> Result<(Arc<Process>, Vec<u8>), String> {
    let child = declaration.spawn().map_err(|text| format!("cannot be started: {text}"))?;
    let (gives, given) = oneshot::channel();
    let process = Process::of(child, declaration.plugin.as_str(), gives, rules, standard_error)?;
    let mut unkept = Unkept(Some(Arc::clone(&process)));
    process.tell_now(Told::Manifest, 0, 0);
    let manifest = tokio::time::timeout(Duration::from_millis(rules.start_ms), given).await;
    match manifest {
        Ok(Ok(manifest)) => {
            unkept.0 = None;
            Ok((process, manifest))
        }
        // The reader has gone: the process has ended or ends.
        Ok(Err(_)) => Err(format!("{} before it gave its manifest", process.ended().await)),
        Err(_) => {
            process.wish(Wish::End(format!("gave no manifest within {} ms", rules.start_ms)));
            Err(process.ended().await)
        }
    }
}

impl Process {
    fn of(
        mut child: Child,
        plugin: &str,
        gives: oneshot::Sender<Vec<u8>>,
        rules: ProcessRules,
        standard_error: &Arc<StandardError>,
    ) -> Result<Arc<Self>, String> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err("has no pipes".to_owned());
        };
        let (queue, queued) = mpsc::channel(2 * QUEUE_LIMIT);
        let process = Arc::new(Self {
            plugin: Arc::from(plugin),
            number: child.id(),
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(QUEUE_LIMIT_BYTES)),
            instances: Mutex::default(),
            manifest: Mutex::new(Some(gives)),
            last_line: Mutex::default(),
            wish: watch::Sender::new(Wish::Run),
            why: watch::Sender::new(None),
        });
        tokio::spawn(write(input, queued));
        let reading = tokio::spawn(read(Arc::clone(&process), output));
        let (heard, own) = (Arc::clone(standard_error), Arc::clone(&process));
        let listening = tokio::spawn(async move { heard.listen(errors, &own.last_line).await });
        tokio::spawn(watch_over(Arc::clone(&process), child, reading, listening, rules));
        Ok(process)
    }

    /// Waits until it has ended; why, as what follows "its process".
    pub(super) async fn ended(&self) -> String {
        let mut why = self.why.subscribe();
        let ended = why.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        ended.unwrap_or_else(|| "ended".to_owned())
    }

    /// Why it has ended; none while it runs.
    pub(super) fn why(&self) -> Option<String> {
        self.why.borrow().clone()
    }

    /// Stops it: closes its input, waits, asks, waits, kills.
    pub(super) async fn stop(&self) {
        self.wish(Wish::Stop);
        self.ended().await;
    }

    fn wish(&self, wish: Wish) {
        self.wish.send_if_modified(|present| {
            let stronger = *present == Wish::Run || (*present == Wish::Stop && matches!(wish, Wish::End(_)));
            if stronger {
                *present = wish;
            }
            stronger
        });
    }

    /// Queues a frame with a message unless there is no room or the input is closed. A code of the C table.
    fn queue_now(&self, frame: Vec<u8>) -> i32 {
        match Arc::clone(&self.room).try_acquire_many_owned(share(&frame)) {
            Ok(room) => self.send_now(frame, Some(room)),
            Err(_) => BUSY,
        }
    }

    /// Queues a frame without a message: there is room for a word about every instance and call, so that a process that
    /// hears nothing is found silent.
    fn tell_now(&self, told: Told, instance: u64, call: u64) -> i32 {
        self.send_now(frame::written(told, instance, call, b""), None)
    }

    fn send_now(&self, frame: Vec<u8>, room: Option<OwnedSemaphorePermit>) -> i32 {
        let queue = locked(&self.queue);
        let Some(queue) = queue.as_ref() else { return CLOSED };
        match queue.try_send(Queued { frame, _room: room }) {
            Ok(()) => ACCEPTED,
            Err(mpsc::error::TrySendError::Full(_)) => BUSY,
            Err(mpsc::error::TrySendError::Closed(_)) => CLOSED,
        }
    }

    /// Queues a frame once there is room.
    async fn queue(&self, frame: Vec<u8>) {
        let queue = locked(&self.queue).clone();
        let Some(queue) = queue else { return };
        let waiting = async {
            if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(share(&frame)).await {
                let _ = queue.send(Queued { frame, _room: Some(room) }).await;
            }
        };
        // One that reads nothing any more takes what waits for it along.
        tokio::select! {
            biased;
            () = waiting => {}
            _ = self.ended() => {}
        }
    }

    fn is_its_own(&self, instance: u64) -> bool {
        locked(&self.instances).contains_key(&instance)
    }

    /// What a frame says. It may speak of its own instances only: the numbers of other plugins' are not its business.
    /// Gives a frame that goes back before the next one is heard: whoever asks too much has to read the refusals, or is
    /// not heard any more.
    fn hear(&self, heard: &Heard<'_>) -> Option<Vec<u8>> {
        let (instance, call, bytes) = (heard.instance, heard.call, heard.bytes());
        match heard.kind {
            Said::Manifest => {
                if let Some(gives) = locked(&self.manifest).take() {
                    let _ = gives.send(bytes.unwrap_or_default().to_vec());
                }
            }
            Said::Unknown => {}
            _ if !self.is_its_own(instance) => {
                let plugin = Arc::clone(&self.plugin);
                metrics::counter!("entrepot_plugin_replies_dropped_total", "plugin" => plugin).increment(1);
            }
            Said::Reply => seats::replied(instance, call, bytes),
            Said::Request => match seats::refused_request(instance) {
                Some(refusal) => return Some(frame::written(Told::Deliver, instance, call, &refusal)),
                None => seats::requested(instance, call, bytes),
            },
            Said::Log => seats::logged(instance, bytes),
            Said::Closed => {
                self.left(instance);
                Seat::leave(instance);
            }
        }
        None
    }

    /// Whoever waits for something of it learns that nothing comes.
    fn over(&self, why: String) {
        locked(&self.queue).take();
        locked(&self.manifest).take();
        self.why.send_replace(Some(why));
        let instances = std::mem::take(&mut *locked(&self.instances));
        instances.into_keys().for_each(Seat::leave);
    }

    fn signal(&self, signal: Signal) {
        send(self.number, signal);
    }
}

/// What a frame with a message takes of the queue's bytes.
fn share(frame: &[u8]) -> u32 {
    u32::try_from(frame.len().max(LEAST_SHARE_BYTES)).unwrap_or(u32::MAX)
}

#[async_trait]
impl Line for Process {
    fn open(&self, instance: u64, bytes: &[u8]) -> i32 {
        locked(&self.instances).insert(instance, false);
        self.queue_now(frame::written(Told::Open, instance, 0, bytes))
    }

    fn submit(&self, instance: u64, call: u64, bytes: &[u8]) -> i32 {
        if locked(&self.instances).get(&instance) != Some(&false) {
            return CLOSED;
        }
        if bytes.is_empty() {
            return self.tell_now(Told::Beat, instance, call);
        }
        if seats::under_way(instance) > IN_FLIGHT_LIMIT {
            return BUSY;
        }
        self.queue_now(frame::written(Told::Call, instance, call, bytes))
    }

    fn cancel(&self, instance: u64, call: u64) {
        // Where there is no room for it, the answer is dropped when it comes.
        self.tell_now(Told::Cancel, instance, call);
    }

    async fn deliver(&self, instance: u64, service_call: u64, bytes: Vec<u8>) {
        if self.is_its_own(instance) {
            self.queue(frame::written(Told::Deliver, instance, service_call, &bytes)).await;
        }
    }

    fn close(&self, instance: u64) {
        let known = match locked(&self.instances).get_mut(&instance) {
            Some(closing) => !std::mem::replace(closing, true),
            None => false,
        };
        if known {
            self.tell_now(Told::Close, instance, 0);
        }
    }

    fn left(&self, instance: u64) {
        locked(&self.instances).remove(&instance);
    }
}

/// Writes what is queued; ends when the queue is closed, and closes the process's input with that.
async fn write(mut input: ChildStdin, mut queued: mpsc::Receiver<Queued>) {
    while let Some(Queued { frame, _room }) = queued.recv().await {
        if input.write_all(&frame).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

/// Hears frames until there are no more.
async fn read(process: Arc<Process>, output: ChildStdout) -> Result<(), Broken> {
    let mut output = BufReader::new(output);
    let ended = loop {
        match frame::read(&mut output).await {
            Ok(None) => break Ok(()),
            Ok(Some(bytes)) => match frame::parsed(&bytes) {
                Ok(heard) => {
                    if let Some(refusal) = process.hear(&heard) {
                        process.queue(refusal).await;
                    }
                }
                Err(broken) => break Err(broken),
            },
            Err(broken) => break Err(broken),
        }
    };
    locked(&process.manifest).take();
    ended
}

/// What ends a process.
enum End {
    Exit(Option<ExitStatus>),
    Output(Result<(), Broken>),
    Wish(Wish),
}

async fn watch_over(
    process: Arc<Process>,
    mut child: Child,
    mut reading: JoinHandle<Result<(), Broken>>,
    listening: JoinHandle<()>,
    rules: ProcessRules,
) {
    let mut wishes = process.wish.subscribe();
    let end = tokio::select! {
        biased;
        status = child.wait() => End::Exit(status.ok()),
        read = &mut reading => End::Output(read.unwrap_or(Ok(()))),
        wish = wishes.wait_for(|wish| *wish != Wish::Run) => End::Wish(wish.map_or(Wish::Stop, |wish| wish.clone())),
    };
    let why = match end {
        End::Exit(status) => {
            // What it said last is still in its pipes.
            let read = tokio::time::timeout(LAST_WORDS, &mut reading).await;
            let how = exit(&process, status, listening).await;
            match read {
                Ok(Ok(Err(broken))) => format!("{broken}, and {how}"),
                _ => how,
            }
        }
        End::Output(Ok(())) => match tokio::time::timeout(LAST_WORDS, child.wait()).await {
            Ok(status) => exit(&process, status.ok(), listening).await,
            Err(_) => {
                terminate(&process, &mut child, rules).await;
                "closed its standard output and went on running".to_owned()
            }
        },
        End::Output(Err(broken)) => {
            terminate(&process, &mut child, rules).await;
            broken.to_string()
        }
        End::Wish(Wish::End(why)) => {
            terminate(&process, &mut child, rules).await;
            why
        }
        End::Wish(Wish::Stop | Wish::Run) => {
            locked(&process.queue).take();
            let limit = Duration::from_millis(rules.stop_ms);
            if tokio::time::timeout(limit, child.wait()).await.is_err() {
                tracing::warn!(plugin = &*process.plugin, "a process did not end when its input was closed");
                terminate(&process, &mut child, rules).await;
            }
            "was stopped".to_owned()
        }
    };
    // What it started and left behind is in its group. Its number cannot be another's yet: numbers go round.
    process.signal(Signal::Kill);
    reading.abort();
    process.over(why);
}

/// Asks it to end, waits, kills it with its group.
async fn terminate(process: &Process, child: &mut Child, rules: ProcessRules) {
    process.signal(Signal::Terminate);
    if tokio::time::timeout(Duration::from_millis(rules.terminate_ms), child.wait()).await.is_err() {
        tracing::warn!(plugin = &*process.plugin, "a process did not end at SIGTERM and is killed");
        process.signal(Signal::Kill);
        let _ = child.kill().await;
    }
}

/// How it ended, in words, with its last ones.
async fn exit(process: &Process, status: Option<ExitStatus>, listening: JoinHandle<()>) -> String {
    let _ = tokio::time::timeout(LAST_WORDS, listening).await;
    let how = match status {
        None => "ended".to_owned(),
        Some(status) => match (status.code(), signal_of(status)) {
            (Some(code), _) => format!("ended with code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        },
    };
    match locked(&process.last_line).as_str() {
        "" => how,
        line => format!("{how} (its last line on standard error: {line})"),
    }
}

#[derive(Debug, Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

/// Sends a signal to a process group. Nobody there is no fault.
#[cfg(unix)]
fn send(group: Option<u32>, signal: Signal) {
    use rustix::process::{Pid, Signal as Number, kill_process_group};
    let group = group.and_then(|group| i32::try_from(group).ok()).and_then(Pid::from_raw);
    // Never the first process, and never the host's own group, which is what a zero would name.
    if let Some(group) = group.filter(|group| !group.is_init()) {
        let number = match signal {
            Signal::Terminate => Number::TERM,
            Signal::Kill => Number::KILL,
        };
        let _ = kill_process_group(group, number);
    }
}

/// Elsewhere a process can be killed, but not be asked, and not with what it started.
#[cfg(not(unix))]
fn send(_: Option<u32>, _: Signal) {}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}
