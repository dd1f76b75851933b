//! The gate on a loopback port.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::desk::Desk;

/// Largest body taken, in bytes.
const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Starts gates.
#[derive(Debug, Clone, Copy)]
pub struct SimpleGate;

/// A gate that runs; it stops when dropped.
pub struct Gate {
    /// Where it listens, without a slash at the end.
    pub url: String,
    /// Its desk: what was booked, and the buttons to press.
    pub desk: Arc<Desk>,
    task: JoinHandle<()>,
}

impl SimpleGate {
    /// Starts a gate that asks for this bearer token.
    pub async fn start(token: &str) -> io::Result<Gate> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let desk = Arc::new(Desk::new(token));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&desk));
        let task = tokio::spawn(async move {
            // Serving ends when the task is stopped; faults of single connections are axum's to handle.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Gate { url, desk, task })
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization.and_then(|value| value.strip_prefix("Bearer "));
    let body = String::from_utf8_lossy(&body);
    let answer = desk.answer(head.method.as_str(), head.uri.path(), bearer, &body);
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    if answer.held {
        desk.released().await;
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
}
