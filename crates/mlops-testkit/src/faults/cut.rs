use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::{TryStreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::answers::Body;

/// A client's connection, which tells when all that it was given has been written.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) stream: TcpStream,
    pub(super) flushed: Arc<Notify>,
}

/// The first `bytes` of a body, then the end of the connection; the whole of a body that is no
/// longer than that.
pub(super) fn cut(body: Body, bytes: u64, flushed: Arc<Notify>) -> Body {
    let frames =
        stream::try_unfold((body.into_data_stream(), Some(bytes)), move |(mut chunks, left)| {
            let flushed = flushed.clone();
            async move {
                let Some(left) = left else {
                    // hyper throws away what it has not written yet when a body fails.
                    flushed.notified().await;
                    return Err("the body is cut here".into());
                };
                Ok(chunks.try_next().await?.map(|mut chunk| {
                    let after = left.checked_sub(chunk.len() as u64);
                    if after.is_none() {
                        chunk.truncate(left as usize);
                    }
                    (Frame::data(chunk), (chunks, after))
                }))
            }
        });
    StreamBody::new(frames).boxed_unsync()
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.flushed.notify_waiters();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
