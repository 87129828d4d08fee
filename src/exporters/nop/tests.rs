//! The whole of it.

use super::*;

/// Whatever the batch, it is accepted at once.
#[tokio::test]
async fn accepts() {
    assert_eq!(Nop.send(Outgoing::probe()).await, Ok(Sent::default()));
}
