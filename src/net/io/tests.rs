use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// What the inner stream does at its next call.
#[derive(Clone, Debug)]
enum Step {
    /// Takes or gives at most so many bytes.
    Move(usize),
    /// Is not ready.
    Wait,
}

/// An inner stream that follows a script, then does all that it is asked.
#[derive(Debug, Default)]
struct Scripted {
    steps: VecDeque<Step>,
    incoming: VecDeque<u8>,
    written: Vec<u8>,
    flushed: usize,
    shut: bool,
    writes: usize,
    error: Option<io::ErrorKind>,
}

/// What the user of the wrapper does.
#[derive(Clone, Debug)]
enum Action {
    Write(usize),
    WriteVectored(Vec<usize>),
    Flush,
}

// === impl Scripted ===

impl Scripted {
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        match self.steps.pop_front() {
            Some(Step::Wait) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Step::Move(count)) => Poll::Ready(count.max(1)),
            None => Poll::Ready(usize::MAX),
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(self.step(cx))
            .min(self.incoming.len())
            .min(out.remaining());
        let bytes: Vec<u8> = self.incoming.drain(..count).collect();
        out.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.error {
            return Poll::Ready(Err(kind.into()));
        }
        assert!(!self.shut, "written to after shutdown");
        let count = ready!(self.step(cx)).min(data.len());
        self.written.extend_from_slice(&data[..count]);
        self.writes += 1;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.step(cx));
        self.flushed = self.written.len();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.step(cx));
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1usize..100).prop_map(Step::Move),
        (1usize..100_000).prop_map(Step::Move),
        Just(Step::Wait),
    ];
    vec(step, 0..60)
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let length = || prop_oneof![0usize..200, 0usize..200_000];
    let action = prop_oneof![
        length().prop_map(Action::Write),
        vec(length(), 0..5).prop_map(Action::WriteVectored),
        Just(Action::Flush),
    ];
    vec(action, 0..12)
}

/// `count` bytes that differ from their neighbours, so that a swap shows.
fn bytes(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|at| (at % 251) as u8).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    /// Whatever the inner stream does, what comes out is what went in, in order; a flush that completes has
    /// reached the inner stream with all of it; a shutdown writes all of it first.
    #[test]
    fn written_bytes_arrive_in_order(actions in actions(), steps in steps()) {
        block_on(async {
            let mut io = Coalesced::new(Scripted { steps: steps.into(), ..Scripted::default() });
            let mut expected = Vec::new();
            for action in actions {
                match action {
                    Action::Write(count) => {
                        let data = bytes(expected.len(), count);
                        io.write_all(&data).await.unwrap();
                        expected.extend(data);
                    }
                    Action::WriteVectored(counts) => {
                        let data: Vec<_> = counts.iter().map(|count| bytes(expected.len(), *count)).collect();
                        let slices: Vec<_> = data.iter().map(|piece| IoSlice::new(piece)).collect();
                        let taken = io.write_vectored(&slices).await.unwrap();
                        expected.extend(data.concat()[..taken].iter());
                    }
                    Action::Flush => {
                        io.flush().await.unwrap();
                        prop_assert_eq!(io.inner.flushed, expected.len());
                    }
                }
                prop_assert!(io.write.len() <= WRITE_BUFFER);
            }
            io.shutdown().await.unwrap();
            prop_assert!(io.inner.shut);
            prop_assert_eq!(&io.inner.written, &expected);
            Ok(())
        })?;
    }

    /// Whatever pieces the inner stream gives and the reader asks for, the reader gets all bytes in order,
    /// then the end; and then no buffer is held.
    #[test]
    fn read_bytes_arrive_in_order(count in 0usize..300_000, asked in vec(1usize..100_000, 1..20), steps in steps()) {
        block_on(async {
            let incoming = bytes(0, count);
            let mut io = Coalesced::new(Scripted {
                steps: steps.into(),
                incoming: incoming.clone().into(),
                ..Scripted::default()
            });
            let mut got = Vec::new();
            for size in asked.iter().cycle() {
                let mut piece = vec![0; *size];
                let read = io.read(&mut piece).await.unwrap();
                if read == 0 {
                    break;
                }
                got.extend_from_slice(&piece[..read]);
            }
            prop_assert_eq!(got, incoming);
            prop_assert_eq!(io.read.capacity(), 0);
            Ok(())
        })?;
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The first flush after a write wakes itself and lets others go first; what they add leaves in the same
/// write; the second flush does not wait again.
#[test]
fn the_first_flush_yields_once() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut io = Coalesced::new(Scripted::default());

    assert!(Pin::new(&mut io).poll_write(&mut cx, b"one").is_ready());
    assert!(Pin::new(&mut io).poll_flush(&mut cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert!(Pin::new(&mut io).poll_write(&mut cx, b"two").is_ready());
    assert!(Pin::new(&mut io).poll_flush(&mut cx).is_ready());
    assert_eq!(io.inner.written, b"onetwo");
    assert_eq!(io.inner.writes, 1);

    // Nothing is buffered: nothing to wait for.
    assert!(Pin::new(&mut io).poll_flush(&mut cx).is_ready());
    // New data: the next round yields again.
    assert!(Pin::new(&mut io).poll_write(&mut cx, b"three").is_ready());
    assert!(Pin::new(&mut io).poll_flush(&mut cx).is_pending());
}

/// A shutdown does not yield, and what was written but never flushed leaves before it.
#[test]
fn shutdown_writes_what_is_buffered() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut io = Coalesced::new(Scripted::default());
    assert!(Pin::new(&mut io).poll_write(&mut cx, b"goodbye").is_ready());
    assert!(Pin::new(&mut io).poll_flush(&mut cx).is_pending());
    assert!(Pin::new(&mut io).poll_shutdown(&mut cx).is_ready());
    assert_eq!(io.inner.written, b"goodbye");
    assert!(io.inner.shut);
}

/// After the peer has closed its half, answers can still be written: reading the end changes nothing else.
#[test]
fn the_other_half_stays_open_after_the_end_of_input() {
    block_on(async {
        let mut io = Coalesced::new(Scripted::default());
        assert_eq!(io.read(&mut [0; 8]).await.unwrap(), 0);
        io.write_all(b"late answer").await.unwrap();
        io.flush().await.unwrap();
        assert_eq!(io.inner.written, b"late answer");
        assert_eq!(io.write.capacity(), 0);
    });
}

/// An error of the inner stream comes out of flush, of shutdown, and of a write that had to make room.
#[test]
fn errors_of_the_inner_stream_come_out() {
    let broken = || {
        let mut io = Coalesced::new(Scripted::default());
        io.inner.error = Some(io::ErrorKind::BrokenPipe);
        io
    };
    block_on(async {
        let mut io = broken();
        io.write_all(b"x").await.unwrap();
        assert_eq!(io.flush().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);

        let mut io = broken();
        io.write_all(b"x").await.unwrap();
        assert_eq!(io.shutdown().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);

        let mut io = broken();
        let data = vec![0; WRITE_BUFFER + 1];
        io.write_all(b"x").await.unwrap();
        assert_eq!(
            io.write_all(&data).await.unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    });
}
