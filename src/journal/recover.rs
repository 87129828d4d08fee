//! What is found when a journal is opened, and what of it cursors have still to do.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account::Observer;
use super::disk::Disk;
use super::log::{Log, Options};
use super::marks::Marks;
use super::missing::walk;
use super::place::{Amount, Place};
use super::register::{CursorMemory, Memory, Register};
use super::segment::NotASegment;
use super::space::Space;
use super::spares::Spares;
use super::state::{Held, State};
use super::survey::Files;
use super::tail::Tail;

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file is of a newer format, or cannot be read.
    #[error("{0}")]
    Segment(#[from] NotASegment),
    /// The directory, or something in it, cannot be read or written.
    #[error("`{path}`: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
}

/// A journal as it was found.
pub struct Recovered {
    /// Ready for more.
    pub log: Log,
    /// The owner's counts when they were last remembered, and the weight of the records that came after.
    pub owner: Option<(Vec<u8>, u64)>,
}

/// Opens the journal in `directory`, which is made if it is not there. The caller holds the directory's lock.
pub fn recover(
    disk: Arc<dyn Disk>,
    directory: &Path,
    options: Options,
    space: Space,
    observer: Arc<dyn Observer>,
) -> Result<Recovered, OpenError> {
    let io_error = |error| OpenError::Io(directory.to_owned(), error);
    disk.create_directory(directory).map_err(io_error)?;
    Spares::sweep(&*disk, directory).map_err(io_error)?;
    let recalled = Register::recall(&*disk, directory).map_err(io_error)?;
    let memory = recalled.memory;
    let files = Files {
        disk: &*disk,
        directory,
        observer: &*observer,
        sync: options.sync,
        committed: memory.committed,
    };
    let segments = files.segments(&memory)?;
    for held in &segments {
        space.take(held.bytes());
    }
    let next = next(&memory, &segments);
    let mut state = State {
        tail: Tail::new(next, options.tail_bytes),
        next,
        // Where no record is, no cursor has lost one.
        whole: recalled.whole || segments.is_empty(),
        segments,
        cursors: Default::default(),
        moved: false,
        trouble: None,
        owner: None,
        owner_note: None,
    };
    for (name, cursor) in &memory.cursors {
        let again_bytes = (!memory.closed).then_some(options.again_bytes);
        let place = place(&state, cursor, again_bytes).map_err(io_error)?;
        state.cursors.insert(name.clone(), place);
    }
    let owner = match &memory.owner {
        Some((end, note)) => {
            let beyond = unsettled(&state.segments, &Marks::at(*end)).map_err(io_error)?;
            Some((note.clone(), beyond.weight))
        }
        None => None,
    };
    state.owner_note = memory.owner;
    let recovered = Recovered {
        log: Log::new(disk, directory, options, space, observer.clone(), state),
        owner,
    };
    // The register must not say any more that the journal was closed in order.
    if let Err(error) = recovered.log.keep() {
        observer.warned(&format!(
            "`{}`: cannot write positions: {error}",
            directory.display()
        ));
    }
    Ok(recovered)
}

/// The next record's number: nobody has heard of it yet, even where records that others know of are lost.
fn next(memory: &Memory, segments: &VecDeque<Held>) -> u64 {
    let cursors = memory.cursors.values();
    let ends = cursors.map(|cursor| cursor.marks.end().max(cursor.read));
    let ends = ends.chain(segments.iter().map(|held| held.holds.end));
    let ends = ends.chain(memory.segments.values().map(|segment| segment.end));
    let ends = ends.chain(memory.owner.iter().map(|(end, _)| *end));
    ends.max().unwrap_or(0)
}

/// A cursor's place; `again_bytes` after an unclean stop.
fn place(state: &State, cursor: &CursorMemory, again_bytes: Option<u64>) -> io::Result<Place> {
    let mut place = Place::at(0);
    place.marks = cursor.marks.clone();
    place.skip(&state.holes());
    place.note.clone_from(&cursor.note);
    place.unsettled = unsettled(&state.segments, &place.marks)?;
    place.again_below = match again_bytes {
        None => cursor.read,
        Some(bytes) => cursor.read.max(reach(&state.segments, place.marks.low(), bytes)?),
    };
    Ok(place)
}

/// What is not settled.
fn unsettled(segments: &VecDeque<Held>, marks: &Marks) -> io::Result<Amount> {
    let mut sum = Amount::default();
    for held in segments.iter().filter(|held| held.holds.end > marks.low()) {
        let base = held.segment.base;
        if base >= marks.low() && !marks.touches(base, held.holds.end) {
            sum.add(held.amount());
            continue;
        }
        walk(held, |content| {
            sum.add(content.open(marks));
            ControlFlow::Continue(())
        })?;
    }
    Ok(sum)
}

/// The first record that lies more than `bytes` behind a cursor's mark.
fn reach(segments: &VecDeque<Held>, low: u64, bytes: u64) -> io::Result<u64> {
    let (mut passed, mut reached) = (0, low);
    let behind = Marks::at(low);
    for held in segments.iter().filter(|held| held.holds.end > low) {
        walk(held, |content| {
            passed += content.open(&behind).bytes;
            if passed > bytes {
                return ControlFlow::Break(());
            }
            reached = reached.max(content.range().1);
            ControlFlow::Continue(())
        })?;
        if passed > bytes {
            break;
        }
    }
    Ok(reached)
}
