//! The gateway without a network: it answers calls. Its buttons are in `operator`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::book::Book;
use crate::fault::{BadAnswer, Fault, OVERSIZE_BYTES, another_order};
use crate::options::Options;
use crate::record::Recorded;
use crate::refusal::Refusal;
use crate::reply::{Answer, Pace, Reply};
use crate::request::{BODY_LIMIT_BYTES, Call};
use crate::transaction::Transaction;

/// The gateway's desk: what was ordered, and the buttons to press. It reads the time from [`Options::now`] alone, and
/// catches up with it whenever it is touched.
pub struct Desk {
    book: Mutex<Book>,
    /// Calls answered so far.
    pub(crate) calls: watch::Sender<usize>,
    /// Times that held answers were released.
    pub(crate) releases: watch::Sender<usize>,
}

impl Desk {
    /// A desk of one distributor.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let (calls, releases) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { book: Mutex::new(Book::new(options)), calls, releases }
    }

    /// The book, with all audits decided whose time has come.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.tick();
        book
    }

    /// Answers one HTTP request (§1). The statuses below the message are inferred.
    #[must_use]
    pub fn answer(&self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> Answer {
        let mut book = self.book();
        let form = content_type.and_then(|kind| kind.split(';').next()).map(str::trim);
        let status = match form {
            _ if path != book.options.path => Some(404),
            _ if method != "POST" => Some(405),
            _ if body.len() > BODY_LIMIT_BYTES => Some(413),
            Some(form) if form.eq_ignore_ascii_case("application/x-www-form-urlencoded") => None,
            _ => Some(415),
        };
        let (call, answered) = match status {
            Some(status) => (Call::default(), (None, Answer::of(status, "text/plain", String::new()))),
            None => {
                let (call, opened) = Call::read(body, &book.options);
                let answered = book.answered(&call, opened);
                (call, answered)
            }
        };
        let (code, answer) = answered;
        let recorded = Recorded {
            at_ms: book.now_ms(),
            subject: call.subject().map(str::to_owned),
            transaction: call.name,
            xml: call.xml,
            code,
            status: answer.status,
            pace: answer.pace,
        };
        book.recorded.push(recorded);
        drop(book);
        self.calls.send_modify(|calls| *calls += 1);
        answer
    }
}

impl Book {
    /// The code made and the answer to a call whose body was read.
    fn answered(&mut self, call: &Call, opened: Result<Transaction, Refusal>) -> (Option<u32>, Answer) {
        let name = call.transaction.map(|transaction| transaction.answer_name(self.options.long_cancel_name));
        let fault = opened.ok().and_then(|transaction| self.faults.take(transaction));
        let played = match (opened, &fault) {
            (Err(refusal), _) => Err(refusal),
            (Ok(_), Some(Fault { effect: false, .. })) => Ok(Reply::success(Vec::new())),
            (Ok(transaction), _) => self.play(transaction, &call.root),
        };
        let mut reply = played.unwrap_or_else(|refusal| Reply::refusal(refusal, &self.options));
        let Some(Fault { answer: bad, .. }) = fault else {
            return (Some(reply.code), Answer::xml(&reply.document(name, &self.options)));
        };
        match &bad {
            BadAnswer::Refusal(refusal) => reply = Reply::refusal(*refusal, &self.options),
            BadAnswer::Code(code, text) => reply = Reply { code: *code, description: text.clone(), parts: Vec::new() },
            BadAnswer::Oversize => reply.description = "长".repeat(OVERSIZE_BYTES / "长".len()),
            _ => {}
        }
        let code = reply.code;
        (Some(code), spoiled(reply, name, bad, &self.options))
    }
}

/// The answer that a fault makes of a reply.
fn spoiled(reply: Reply, name: Option<String>, bad: BadAnswer, options: &Options) -> Answer {
    let name = match bad {
        BadAnswer::OtherTransaction if name.as_deref() == Some("SEND_SM_RES") => Some("SEND_CODE_RES".to_owned()),
        BadAnswer::OtherTransaction => Some("SEND_SM_RES".to_owned()),
        _ => name,
    };
    let mut document = reply.document(name, options);
    if bad == BadAnswer::OtherOrder {
        another_order(&mut document);
    }
    let right = Answer::xml(&document);
    match bad {
        BadAnswer::Never => Answer { pace: Pace::Never, ..right },
        BadAnswer::Late => Answer { pace: Pace::Held, ..right },
        BadAnswer::Status(status) => Answer::of(status, "text/plain", "gateway fault".to_owned()),
        BadAnswer::Redirect(url) => Answer { location: Some(url), ..Answer::of(302, "text/plain", String::new()) },
        BadAnswer::Html => Answer::of(200, "text/html", "<html><body>系统维护中<br></body></html>".to_owned()),
        BadAnswer::Garbage => Answer::of(200, right.content_type, "\u{1}\u{2}<<<&& not XML".to_owned()),
        BadAnswer::Empty => Answer::of(200, right.content_type, String::new()),
        BadAnswer::Truncated => {
            let half = right.body.chars().take(right.body.chars().count() / 2).collect();
            Answer { body: half, ..right }
        }
        BadAnswer::Oversize
        | BadAnswer::OtherOrder
        | BadAnswer::OtherTransaction
        | BadAnswer::Refusal(_)
        | BadAnswer::Code(..) => right,
    }
}
