//! Accepts connections until told to stop; then lets what is in flight end, within a limit.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use super::{Shared, router};

/// A listener with a limit on open connections: beyond it, the next one waits in the system's own queue.
struct Limited {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// How long a connection may say nothing: a client that never ends its headers must not keep its place.
const PATIENCE: Duration = Duration::from_secs(75);

/// A connection with its place.
struct Placed {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Placed {
    /// Something moved: patience begins anew.
    fn moved(&mut self) {
        self.idle.as_mut().reset(Instant::now() + PATIENCE);
    }
}

impl Listener for Limited {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        let place = self.places.clone().acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are small: they must not wait for more.
        let _ = stream.set_nodelay(true);
        let idle = Box::pin(tokio::time::sleep(PATIENCE));
        (Placed { stream, idle, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

mod stream {
    //! A placed connection reads and writes as the stream inside it.

    use std::future::Future;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Placed;

    impl AsyncRead for Placed {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match Pin::new(&mut self.stream).poll_read(context, buffer) {
                Poll::Ready(read) => {
                    self.moved();
                    Poll::Ready(read)
                }
                Poll::Pending if self.idle.as_mut().poll(context).is_ready() => {
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                }
                Poll::Pending => Poll::Pending,
            }
        }
    }

    impl AsyncWrite for Placed {
        fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let written = Pin::new(&mut self.stream).poll_write(context, bytes);
            if written.is_ready() {
                self.moved();
            }
            written
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    }
}

/// Serves until `stop` ends, then lets requests in flight end for at most `grace`.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(shared.app.running().config.http.max_connections.max(1)));
    let limited = Limited { listener, places };
    let service = router(shared).into_make_service_with_connect_info::<Peer>();
    let (ending, ended) = tokio::sync::oneshot::channel();
    let server = axum::serve(limited, service).with_graceful_shutdown(async move {
        stop.await;
        let _ = ending.send(());
    });
    let deadline = async move {
        if ended.await.is_ok() {
            tokio::time::sleep(grace).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = server => result,
        () = deadline => {
            tracing::warn!("requests in flight did not end in time");
            Ok(())
        }
    }
}

/// The address of a caller.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Limited>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
        Self(*stream.remote_addr())
    }
}
