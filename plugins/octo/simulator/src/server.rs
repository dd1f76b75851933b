//! The desk on a loopback port.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::desk::Desk;
use crate::exchange::{self, Manner};
use crate::options::Options;

/// Largest body taken, in bytes.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Starts suppliers.
#[derive(Debug, Clone, Copy)]
pub struct Supplier;

/// A supplier that runs; it stops when dropped.
pub struct Running {
    /// Where it listens, without a slash at the end: the base URL of §1.
    pub url: String,
    /// Its desk: what was booked, and the buttons to press.
    pub desk: Arc<Desk>,
    task: JoinHandle<()>,
}

impl Supplier {
    /// Starts a supplier on a free loopback port; `endpoint` becomes its own address.
    pub async fn start(options: Options) -> io::Result<Running> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let desk = Arc::new(Desk::new(Options { endpoint: url.clone(), ..options }));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&desk));
        let task = tokio::spawn(async move {
            // Serving ends when the task is stopped; faults of single connections are axum's to handle.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Running { url, desk, task })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let request = exchange::Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = desk.answer(&request);
    match answer.manner {
        Manner::AtOnce => {}
        Manner::After(delay) => tokio::time::sleep(delay).await,
        Manner::Never => std::future::pending().await,
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response();
    if let Some(capabilities) = answer.capabilities.and_then(|ids| HeaderValue::from_str(&ids).ok()) {
        response.headers_mut().insert("octo-capabilities", capabilities);
    }
    response
}
