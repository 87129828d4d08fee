//! A journal out of any bytes, for fuzzing and for tests.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::account::Uncounted;
use super::cursor::Cursor;
use super::disk::FileSystem;
use super::log::Options;
use super::place::Amount;
use super::record::Entry;
use super::recover::recover;
use super::register;
use super::segment::file_name;
use super::space::Space;
use super::state::Taken;

/// The first two bytes are the length of the first segment; then come that, and the register.
pub fn journal(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (segment, register) = rest.split_at(length);
    survive(segment, register);
}

/// Opens what is there, reads and settles all of it with a cursor, appends, and does so again: without a panic, and so
/// that nothing is left unsettled.
///
/// # Panics
/// When a promise is broken.
#[expect(clippy::unwrap_used, reason = "a test may panic")]
pub fn survive(segment: &[u8], register: &[u8]) {
    let memory = Path::new("/dev/shm");
    let place = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let directory = place.join(format!("spanway-journal-{process}-{thread:?}"));
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(file_name(0)), segment).unwrap();
    fs::write(directory.join(register::NAME), register).unwrap();
    for _ in 0..2 {
        visit(&directory);
    }
    fs::remove_dir_all(&directory).unwrap();
}

#[expect(clippy::unwrap_used, reason = "a test may panic")]
fn visit(directory: &Path) {
    let options = Options {
        sync: false,
        ..Options::default()
    };
    let space = Space::new(u64::MAX);
    let opened = recover(
        Arc::new(FileSystem::default()),
        directory,
        options,
        space,
        Arc::new(Uncounted),
    );
    // A newer format is refused.
    let Ok(recovered) = opened else { return };
    let log = Arc::new(recovered.log);
    log.add_cursor("fuzz", false).unwrap();
    let before = log.state().next;
    let entry = Entry::new(Bytes::new(), Bytes::from_static(b"more"), 1);
    assert_eq!(log.commit(vec![entry]).unwrap(), before);
    let cursor = Cursor::new(log.clone(), "fuzz", Arc::new(|| ()));
    loop {
        let items = match cursor.take(1 << 16) {
            Taken::Items(items) => items,
            Taken::OnDisk => cursor.read(1 << 16).unwrap(),
            Taken::Nothing => break,
        };
        for item in items {
            cursor.settle(item.seq, item.size, item.weight, || ());
        }
    }
    assert_eq!(cursor.unsettled(), Amount::default());
    log.close().unwrap();
}
