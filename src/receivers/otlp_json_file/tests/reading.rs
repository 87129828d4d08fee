//! What is read of files, and what becomes of them.

use std::fs;
use std::io::Write as _;

use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::{World, append, line, wait_until};
use crate::wire::json;

const ALL: &str = "start_at: beginning";

/// Files that are there are begun at their end, those that come later at their beginning; over a restart too.
#[test]
fn start_at_end() {
    let mut world = World::new("", true);
    world.write("old.json", &["old"]);
    append(&world.path("old.json"), line("open").as_bytes());
    world.start();
    wait_until("the first look is written down", || world.checkpoint().exists());
    append(&world.path("old.json"), b"\n");
    world.write("old.json", &["a"]);
    world.write("new.json", &["b"]);
    // The line that was open is one that ends later.
    world.expect(&["a", "b", "open"]);
    world.stop();
    world.write("old.json", &["c"]);
    world.write("newer.json", &["d"]);
    world.start();
    world.expect(&["a", "b", "c", "d", "open"]);
}

/// Without a storage a restart reads all again.
#[test]
fn without_a_storage_all_is_read_again() {
    let mut world = World::new(ALL, false);
    world.write("a.json", &["a"]);
    for expected in [["a"].as_slice(), &["a", "a"]] {
        world.start();
        world.expect(expected);
        world.stop();
    }
}

/// What is no OTLP is passed over, its neighbours are not; a file that holds such a thing is not deleted, another is, when
/// nobody writes to it any more.
#[test]
fn bad_lines_and_deletion() {
    let mut world = World::new("start_at: beginning, delete_after_read: true", true);
    append(&world.path("bad.json"), b"{\"resourceSpans\": 7}\nwords\n\n");
    world.write("bad.json", &["a"]);
    world.write("refused.json", &["bad", "b"]);
    world.write("good.json", &["c"]);
    world.write("locked.json", &["d"]);
    let locked = fs::File::open(world.path("locked.json")).unwrap();
    locked.try_lock().unwrap();
    world.start();
    wait_until("the good file is deleted", || !world.path("good.json").exists());
    wait_until("others were read", || world.keeper.names().len() == 5);
    world.write("more.json", &["e"]);
    wait_until("one that came later is deleted", || {
        !world.path("more.json").exists()
    });
    for name in ["bad.json", "refused.json", "locked.json"] {
        assert!(world.path(name).exists(), "{name}");
    }
    drop(locked);
    wait_until("the other is deleted", || !world.path("locked.json").exists());
    // After a restart it is still known that something was passed over.
    world.stop();
    world.start();
    world.write("last.json", &["f"]);
    wait_until("the last is deleted", || !world.path("last.json").exists());
    assert!(world.path("bad.json").exists() && world.path("refused.json").exists());
}

/// A file is not deleted before the pipelines have accepted all of it.
#[test]
fn what_is_refused_now_is_tried_again_and_kept() {
    let mut world = World::new("start_at: beginning, delete_after_read: true", false);
    world.keeper.refuse(20);
    world.write("a.json", &["a", "b", "c"]);
    world.start();
    while world.keeper.names().len() < 3 {
        let was_there = world.path("a.json").exists();
        assert!(was_there || world.keeper.names().len() == 3);
    }
    wait_until("it is deleted", || !world.path("a.json").exists());
    world.expect(&["a", "b", "c"]);
}

/// What the pipelines have not accepted when the gateway stops is read again after it.
#[test]
fn what_was_not_accepted_is_read_again() {
    let mut world = World::new(ALL, true);
    world.write("a.json", &["a"]);
    world.start();
    world.expect(&["a"]);
    world.keeper.refuse(u32::MAX);
    world.write("a.json", &["b", "c"]);
    wait_until("both were refused", || world.keeper.refusals() < u32::MAX - 1);
    world.stop();
    world.keeper.refuse(0);
    world.start();
    world.expect(&["a", "b", "c"]);
}

/// A line that is longer than allowed is passed over, wherever it ends; its neighbours are read.
#[test]
fn long_lines_are_passed_over() {
    let mut world = World::new("start_at: beginning, max_log_size: 2000", true);
    world.write(
        "a.json",
        &["a", &"x".repeat(3000), "b", &"y".repeat(600_000), "c"],
    );
    append(&world.path("a.json"), "z".repeat(300_000).as_bytes());
    world.start();
    world.expect(&["a", "b", "c"]);
    append(&world.path("a.json"), b"\n");
    world.write("a.json", &["d"]);
    world.expect(&["a", "b", "c", "d"]);
}

/// A last line without a line break is read when the file rests, once; what is no whole JSON waits.
#[test]
fn the_last_line() {
    let mut world = World::new(ALL, true);
    append(&world.path("a.json"), line("a").as_bytes());
    append(&world.path("b.json"), &line("b").as_bytes()[..1300]);
    world.start();
    world.expect(&["a"]);
    append(&world.path("a.json"), b"\n");
    world.write("a.json", &["c"]);
    append(&world.path("b.json"), &line("b").as_bytes()[1300..]);
    world.expect(&["a", "b", "c"]);
    world.stop();
    world.start();
    world.idle();
    world.expect(&["a", "b", "c"]);
}

/// A file that was truncated and is longer again than what was read of it is read from its beginning, though it begins alike.
#[test]
fn truncated_and_regrown() {
    let mut world = World::new(ALL, true);
    world.write("a.json", &["a"]);
    world.start();
    world.expect(&["a"]);
    let both = format!("{}\n{}\n", line("b"), line("c"));
    fs::write(world.path("a.json"), both).unwrap();
    world.expect(&["a", "b", "c"]);
    world.stop();
    fs::write(
        world.path("a.json"),
        format!("{}\n{}\n{}\n", line("d"), line("e"), line("f")),
    )
    .unwrap();
    world.start();
    world.expect(&["a", "b", "c", "d", "e", "f"]);
}

/// `on_truncate: read_new` leaves out what is there, and reads what comes.
#[test]
fn truncated_and_read_from_the_end() {
    let mut world = World::new("start_at: beginning, on_truncate: read_new", true);
    world.write("a.json", &["a", "b"]);
    world.start();
    world.expect(&["a", "b"]);
    fs::write(world.path("a.json"), line("c") + "\n").unwrap();
    world.idle();
    world.write("a.json", &["d"]);
    world.expect(&["a", "b", "d"]);
}

/// With `replay_file` files are read again and again.
#[test]
fn replay() {
    let mut world = World::new("replay_file: true", false);
    world.write("a.json", &["a"]);
    world.start();
    wait_until("it is read five times", || world.keeper.names().len() >= 5);
}

/// More files than may be open are all read, and read on.
#[test]
fn few_open_files() {
    let mut world = World::new("start_at: beginning, max_concurrent_files: 2", true);
    let names: Vec<String> = (0..9).map(|n| format!("{n}")).collect();
    names
        .iter()
        .for_each(|name| world.write(&format!("{name}.json"), &[name]));
    world.start();
    let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
    world.expect(&expected);
    let more: Vec<String> = names.iter().map(|name| format!("{name}+")).collect();
    for (name, more) in names.iter().zip(&more) {
        world.write(&format!("{name}.json"), &[more]);
    }
    expected.extend(more.iter().map(String::as_str));
    world.expect(&expected);
    world.stop();
    world.start();
    world.idle();
    world.expect(&expected);
}

/// gzip is read, in one piece and appended to, by name or as it is found; where it ends too soon the rest is waited for.
#[test]
fn gzip() {
    let pack = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    for keys in ["compression: gzip", "compression: auto"] {
        let mut world = World::new(&format!("start_at: beginning, {keys}"), true);
        let first = pack(&format!("{}\n{}\n", line("a"), line("b")));
        append(&world.path("a.json.gz"), &first);
        if keys.ends_with("auto") {
            world.write("plain.json", &["c"]);
        } else {
            append(&world.path("plain.json"), &pack(&(line("c") + "\n")));
        }
        world.start();
        world.expect(&["a", "b", "c"]);
        let second = pack(&(line("d") + "\n"));
        append(&world.path("a.json.gz"), &second[..20]);
        append(&world.path("a.json.gz"), &second[20..]);
        world.expect(&["a", "b", "c", "d"]);
        world.stop();
        world.start();
        append(&world.path("a.json.gz"), &pack(&(line("e") + "\n")));
        world.expect(&["a", "b", "c", "d", "e"]);
    }
}

/// Records with their length before them are read: protobuf, compressed protobuf, compressed JSON.
#[test]
fn lengths() {
    let framed = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [length.as_slice(), content].concat()
    };
    let pack = |content: &[u8]| zstd::stream::encode_all(content, 1).unwrap();
    let proto = |name: &str| json::to_protobuf(line(name).as_bytes()).unwrap();
    for (keys, record) in [
        (
            "format: proto",
            &(|name: &str| framed(&proto(name))) as &dyn Fn(&str) -> Vec<u8>,
        ),
        ("format: proto, compression: zstd", &|name| {
            framed(&pack(&proto(name)))
        }),
        ("compression: zstd", &|name| framed(&pack(line(name).as_bytes()))),
    ] {
        let mut world = World::new(&format!("start_at: beginning, max_log_size: 8000, {keys}"), true);
        let path = world.path("a.json");
        append(&path, &record("a"));
        append(&path, &framed(&[7; 100]));
        append(&path, &framed(&[7; 10_000]));
        append(&path, &record("b"));
        let last = record("c");
        append(&path, &last[..3]);
        world.start();
        world.expect(&["a", "b"]);
        append(&path, &last[3..]);
        world.expect(&["a", "b", "c"]);
        world.stop();
        append(&path, &record("d"));
        world.start();
        world.expect(&["a", "b", "c", "d"]);
    }
}

/// Spans say where they come from, when that is wanted, as the Collector's do.
#[test]
fn attributes() {
    let mut world = World::new(
        "start_at: beginning, include_file_path: true, include_file_record_offset: true",
        false,
    );
    world.write("a.json", &["a", "b"]);
    world.start();
    world.expect(&["a", "b"]);
    let all = world.keeper.kept();
    let spans = all
        .iter()
        .map(|request| &request.resource_spans[0].scope_spans[0].spans[0]);
    for span in spans {
        let value = |key: &str| {
            let found = span
                .attributes
                .iter()
                .find(|attribute| attribute.key == key)
                .unwrap();
            found.value.clone().unwrap().value.unwrap()
        };
        assert_eq!(value("log.file.name"), Value::StringValue("a.json".into()));
        assert_eq!(
            value("log.file.path"),
            Value::StringValue(world.path("a.json").display().to_string())
        );
        let offset = if span.name == "a" {
            0
        } else {
            line("a").len() as i64 + 1
        };
        assert_eq!(value("log.file.record_offset"), Value::IntValue(offset));
    }
}

/// With little memory files are read slowly, and read; a line that no memory can hold is passed over.
#[test]
fn little_memory() {
    let mut world = World::with_budget(ALL, false, 1 << 20);
    let names: Vec<String> = (0..500).map(|n| format!("{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.write("a.json", &names[..250]);
    world.write("a.json", &[&"x".repeat(400_000)]);
    world.write("a.json", &names[250..]);
    world.start();
    world.expect(&names);
    world.stop();
    wait_until("all memory is given back", || world.keeper.budget.used() == 0);
}

/// Two gateways do not write down over each other how far they are.
#[test]
fn a_place_has_one_owner() {
    let mut world = World::new(ALL, true);
    world.start();
    let mut other = World::new(ALL, true);
    std::os::unix::fs::symlink(world.path("storage"), other.path("storage")).unwrap();
    let refused = other.try_start().unwrap_err().to_string();
    assert!(refused.ends_with("another process holds it"), "{refused}");
    world.stop();
    other.start();
}

/// What was written down and cannot be read stops the start, and is left alone.
#[test]
fn a_damaged_checkpoint_is_told() {
    let mut world = World::new(ALL, true);
    fs::create_dir(world.path("storage")).unwrap();
    fs::write(world.checkpoint(), "words").unwrap();
    assert!(
        world
            .try_start()
            .unwrap_err()
            .to_string()
            .contains("receiver_otlp_json_file.json")
    );
    fs::write(world.checkpoint(), r#"{"version":2,"files":[]}"#).unwrap();
    assert!(
        world
            .try_start()
            .unwrap_err()
            .to_string()
            .contains("of version 2")
    );
}
