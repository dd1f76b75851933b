//! A way to a server on loopback that takes its time, as the way to a platform does.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// Most bytes passed on at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Listens on a free port and passes everything on to `server`; each piece of an answer waits so long first. It ends with the
/// runtime.
pub async fn start(server: SocketAddr, answers_after: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|fault| fault.to_string())?;
    let address = listener.local_addr().map_err(|fault| fault.to_string())?;
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            // A connection that breaks is seen by the caller, which connects again.
            tokio::spawn(async move { pass(caller, server, answers_after).await });
        }
    });
    Ok(address)
}

async fn pass(caller: TcpStream, server: SocketAddr, answers_after: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    caller.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asks, mut hears) = caller.into_split();
    let (mut answers, mut asked) = server.into_split();
    let there = async { tokio::io::copy(&mut asks, &mut asked).await.map(|_| ()) };
    let back = async {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = answers.read(&mut piece).await?;
            if read == 0 {
                return Ok(());
            }
            tokio::time::sleep(answers_after).await;
            hears.write_all(&piece[..read]).await?;
        }
    };
    // Where one side has ended, the other has nobody to speak to.
    tokio::select! { ended = there => ended, ended = back => ended }
}
