//! `entrepot serve` as a child of the test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest time until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Lines of its log that are shown when the test fails.
const LAST_WORDS: usize = 60;

/// A server that runs; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts it and waits for the line that says where it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (told, hears) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("listening on ") {
                    let _ = told.send(url.to_owned());
                }
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let url = match hears.recv_timeout(START_LIMIT) {
            Ok(url) => url,
            Err(why) => {
                let _ = child.kill();
                let status = child.wait();
                let said = log.lock().unwrap();
                let why = if why == RecvTimeoutError::Timeout { "it took too long" } else { "it ended" };
                panic!("the server does not listen, {why}: {status:?}\n{said}");
            }
        };
        Self { child, url, log, reader: Some(reader) }
    }

    /// What kill -9 does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its number.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and how it ends.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// SIGHUP: it reads its configuration again.
    pub fn hang_up(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    /// Everything it wrote to standard error; complete once it has ended.
    pub fn log(&mut self) -> String {
        if matches!(self.child.try_wait(), Ok(Some(_)))
            && let Some(reader) = self.reader.take()
        {
            reader.join().unwrap();
        }
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!(
                "the last words of {}:\n{}",
                self.url,
                lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
            );
        }
    }
}
