//! Ends the commands we started when we end, however we end.
//!
//! A command runs in a process group of its own. Beside us waits a small shell whose standard input is
//! a pipe that only we hold: the kernel closes it when this process ends, be it by returning, by
//! Ctrl-C, by SIGTERM or by SIGKILL, and the shell then ends the group. No signal handler and no
//! `unsafe` is needed, and it works on every Unix (a parent-death signal would be Linux only, would
//! reach the direct child alone and could not remove files).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use xtask::failure::{Result, failed, while_doing};

/// Reads `watch GROUP` and `done`; at the end of its input ends the group that is still watched.
const WATCHER: &str = r#"
trap '' HUP INT TERM
group=
while read -r word value; do
  case "$word" in
    watch) group=$value ;;
    done) group= ;;
  esac
done
if [ -n "$group" ] && kill -s TERM -- "-$group"; then
  sleep 1
  kill -s KILL -- "-$group"
fi
"#;

/// How long output may stay open after a command has ended, held by a process it left behind.
const LINGER: Duration = Duration::from_secs(5);

/// The watcher of one command at a time.
pub struct Leash {
    watcher: Child,
    pipe: Option<ChildStdin>,
}

impl Leash {
    /// Starts the watcher.
    pub fn start() -> Result<Leash> {
        let mut watcher = Command::new("sh")
            .args(["-c", WATCHER])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(while_doing("sh"))?;
        let pipe = watcher.stdin.take();
        Ok(Leash { watcher, pipe })
    }

    /// Runs the command to its end with our output.
    pub fn status(&mut self, command: &mut Command) -> Result<ExitStatus> {
        let mut child = self.spawn(command)?;
        let status = child.wait().map_err(while_doing("waiting for a command"))?;
        self.finish(child.id())?;
        Ok(status)
    }

    /// Runs the command and hands each line of its standard output to `each` as it comes. A command
    /// that is not done within the limit is killed with all that it started.
    pub fn lines(
        &mut self,
        command: &mut Command,
        limit: Option<Duration>,
        mut each: impl FnMut(&str),
    ) -> Result<ExitStatus> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut child = self.spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let lines = read_lines(&mut child)?;
        let mut ended: Option<(ExitStatus, Instant)> = None;
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => each(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ended.is_none() {
                let status = child.try_wait().map_err(while_doing("waiting for a command"))?;
                ended = status.map(|status| (status, Instant::now()));
            }
            if ended.is_some_and(|(_, since)| since.elapsed() > LINGER) {
                break;
            }
            if ended.is_none() && deadline.is_some_and(|deadline| Instant::now() > deadline) {
                eprintln!("xtask: not done within the limit, killed");
                self.finish(child.id())?;
            }
        }
        let status = child.wait().map_err(while_doing("waiting for a command"))?;
        if self.finish(child.id())? {
            eprintln!("xtask: it left processes behind, which are now ended");
        }
        Ok(status)
    }

    fn spawn(&mut self, command: &mut Command) -> Result<Child> {
        let child = command.process_group(0).spawn().map_err(while_doing(command.get_program().display()))?;
        self.tell(&format!("watch {}\n", child.id()))?;
        Ok(child)
    }

    /// Kills what is left of the group; true when there was something.
    fn finish(&mut self, group: u32) -> Result<bool> {
        let killed = Command::new("sh")
            .args(["-c", &format!("kill -s KILL -- -{group}")])
            .stderr(Stdio::null())
            .status()
            .map_err(while_doing("sh"))?;
        self.tell("done\n")?;
        Ok(killed.success())
    }

    fn tell(&mut self, words: &str) -> Result<()> {
        match &mut self.pipe {
            Some(pipe) => pipe.write_all(words.as_bytes()).map_err(while_doing("the watcher of our commands is gone")),
            None => Err(failed("the watcher of our commands has no input")),
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.watcher.wait();
    }
}

fn read_lines(child: &mut Child) -> Result<Receiver<String>> {
    let Some(output) = child.stdout.take() else {
        return Err(failed("a command was started without its output"));
    };
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn alive(pid: &str) -> bool {
        let script = format!("kill -0 {pid} 2>/dev/null");
        shell(&script).status().expect("sh").success()
    }

    fn gone_soon(pid: &str) -> bool {
        let start = Instant::now();
        while alive(pid) && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(50));
        }
        !alive(pid)
    }

    #[test]
    fn lines_come_in_order_and_the_status_is_the_commands() {
        let mut seen = Vec::new();
        let mut leash = Leash::start().expect("leash");
        let status =
            leash.lines(&mut shell("echo one; echo two; exit 3"), None, |l| seen.push(l.to_owned())).expect("lines");
        assert_eq!(seen, ["one", "two"]);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_command_over_its_limit_is_killed() {
        let mut leash = Leash::start().expect("leash");
        let start = Instant::now();
        let status = leash.lines(&mut shell("sleep 60"), Some(Duration::from_millis(200)), |_| {}).expect("lines");
        assert!(!status.success());
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_a_command_leaves_behind_is_ended() {
        let mut left = String::new();
        let mut leash = Leash::start().expect("leash");
        leash.lines(&mut shell("sleep 60 >/dev/null & echo $!"), None, |l| left = l.to_owned()).expect("lines");
        assert!(!left.is_empty() && gone_soon(&left));
    }

    #[test]
    fn a_leash_that_ends_early_takes_its_command_with_it() {
        let mut leash = Leash::start().expect("leash");
        let mut child = leash.spawn(&mut shell("sleep 60")).expect("spawn");
        drop(leash);
        assert!(!child.wait().expect("wait").success());
    }
}
