//! The desk on a loopback port, and the sender of callbacks.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::callback::{Callback, Delivery, Sent};
use crate::desk::Desk;
use crate::options::Options;
use crate::reply::{Answer, Pace};
use crate::request::BODY_LIMIT_BYTES;

/// Most bytes read of the answer to a callback.
const ANSWER_LIMIT_BYTES: usize = 1_024;

/// Starts gateways.
#[derive(Debug, Clone, Copy)]
pub struct Zhiyoubao;

/// A gateway that runs; it stops when dropped.
pub struct Gateway {
    /// The whole endpoint URL (§1).
    pub url: String,
    /// Its desk: what was ordered, and the buttons to press.
    pub desk: Arc<Desk>,
    http: reqwest::Client,
    task: JoinHandle<()>,
}

impl Zhiyoubao {
    /// Starts a gateway on a free loopback port. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// When no port can be opened or the HTTP client cannot be built.
    pub async fn start(options: Options) -> io::Result<Gateway> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(options.callback_timeout_ms))
            .build()
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}{}", listener.local_addr()?, options.path);
        let desk = Arc::new(Desk::new(options));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&desk));
        let task = tokio::spawn(async move {
            // Serving ends when the task is stopped; faults of single connections are axum's to handle.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Gateway { url, desk, http, task })
    }
}

impl Gateway {
    /// Sends every callback that is due by the desk's clock once, one after the other, and reads the answers. Nothing
    /// is sent but by this call. Callbacks that arise meanwhile wait for the next call, so it ends; to
    /// climb the ladder, move the clock and call again. One at a time: two at once send the same callbacks twice.
    pub async fn deliver_due(&self) -> Vec<Delivery> {
        let mut done = Vec::new();
        for callback in self.desk.due() {
            let sent = self.send(&callback).await;
            // Somebody may have lost the callback meanwhile; then there is nothing to report.
            done.extend(self.desk.settle(callback.id, sent).ok());
        }
        done
    }

    async fn send(&self, callback: &Callback) -> Sent {
        match self.get(&callback.url).await {
            Ok((status, body)) => Sent::Answered { status, body },
            Err(fault) if fault.is_timeout() => Sent::TimedOut,
            Err(_) => Sent::Unreachable,
        }
    }

    async fn get(&self, url: &str) -> reqwest::Result<(u16, String)> {
        let mut answer = self.http.get(url).send().await?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await? {
            body.extend_from_slice(&part);
            if body.len() > ANSWER_LIMIT_BYTES {
                body.truncate(ANSWER_LIMIT_BYTES);
                break;
            }
        }
        Ok((answer.status().as_u16(), String::from_utf8_lossy(&body).into_owned()))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // Before the call is recorded: a release pressed after that is seen here.
    let mut releases = desk.releases.subscribe();
    let answer = desk.answer(head.method.as_str(), head.uri.path(), content_type, &body);
    match answer.pace {
        Pace::Now => {}
        // It fails only when the desk is gone, and the server with it.
        Pace::Held => drop(releases.changed().await),
        Pace::Never => std::future::pending().await,
    }
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response();
    if let Some(location) = answer.location.and_then(|url| HeaderValue::try_from(url).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
