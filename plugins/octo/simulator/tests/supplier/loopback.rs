//! The supplier on a port.

use std::time::Duration;

use octo_simulator::server::BODY_LIMIT_BYTES;
use octo_simulator::{Fault, Options, Running, Supplier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TOKEN;

async fn ask(supplier: &Running, line: &str, capabilities: &str, body: &str) -> String {
    let address = supplier.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n{capabilities}\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_with_headers() {
    let supplier = Supplier::start(Options::new(TOKEN)).await.unwrap();
    let answer = ask(&supplier, "GET /supplier", "octo-capabilities: octo/pricing,octo/cart\r\n", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("octo-capabilities: octo/pricing\r\n"), "{answer}");
    assert!(answer.contains(&format!("\"endpoint\":\"{}\"", supplier.url)), "{answer}");
    let answer = ask(&supplier, "GET /bookings?resellerReference=a%20b", "octo-capabilities:\r\n", "").await;
    assert!(answer.contains("octo-capabilities: \r\n") && answer.ends_with("[]"), "{answer}");
    let answer = ask(&supplier, "GET /supplier", "", "").await;
    assert!(answer.starts_with("HTTP/1.1 400") && !answer.contains("octo-capabilities"), "{answer}");
    assert_eq!(supplier.desk.recorded()[1].request.query, "resellerReference=a%20b");
}

#[tokio::test]
async fn it_hangs_waits_and_limits() {
    let supplier = Supplier::start(Options::new(TOKEN)).await.unwrap();
    supplier.desk.next_fault(Fault::HangBefore);
    let hanging = ask(&supplier, "GET /supplier", "octo-capabilities:\r\n", "");
    assert!(tokio::time::timeout(Duration::from_millis(200), hanging).await.is_err());
    supplier.desk.next_fault(Fault::Slow(Duration::from_millis(50)));
    let late = ask(&supplier, "GET /supplier", "octo-capabilities:\r\n", "").await;
    assert!(late.starts_with("HTTP/1.1 200"), "{late}");
    let body = " ".repeat(BODY_LIMIT_BYTES + 1);
    let address = supplier.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /bookings HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}
