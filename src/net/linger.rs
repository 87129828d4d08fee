//! Lets a client whose request is refused end what it is sending: who gets an answer while it still writes may see a broken
//! connection instead.

use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// How long a refused client may take to send the rest of its body.
const LINGER: Duration = Duration::from_secs(5);

/// The most of a body that is thrown away beside an answer.
const AFTERMATH: usize = 256 * 1024;

/// Reads on and throws away, up to `limit` bytes, where the client may read nothing before: over HTTP/1.1, unless it asked
/// first.
pub async fn linger(head: &Parts, body: &mut Incoming, limit: usize) {
    if head.version < Version::HTTP_2 && !head.headers.contains_key(EXPECT) {
        discard(body, limit).await;
    }
}

/// As [`linger`], over HTTP/2, where the answer need not wait: what a refused client has sent of its body, or sends yet, is
/// thrown away beside it, up to [`AFTERMATH`]. Otherwise each refusal would reset a stream whose rest is on its way, and a
/// client that is refused often would lose its connection, with all that others send over it.
pub fn aftermath(mut body: Incoming) {
    if !body.is_end_stream() {
        tokio::spawn(async move { discard(&mut body, AFTERMATH).await });
    }
}

async fn discard<B>(body: &mut B, limit: usize)
where
    B: Body<Data = Bytes> + Unpin,
{
    let rest = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > limit {
                return;
            }
        }
    };
    // Whoever is slower than that may see the broken connection.
    let _ = tokio::time::timeout(LINGER, rest).await;
}
