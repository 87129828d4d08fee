//! `spanway journal` tells the truth about what is on disk, and changes it only as asked, beside a gateway and without.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use support::child::{spanway, wait_until};
use support::disk::{files, used};
use support::load::{Load, Report};
use support::sink::Sink;
use support::spanway::{Plan, STORED, Spanway};

/// A sink behind a gateway with a journal.
struct Kept {
    sink: Sink,
    plan: Plan,
    gateway: Option<Spanway>,
    directory: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
struct Said {
    ok: bool,
    stdout: String,
    stderr: String,
}

// === impl Kept ===

impl Kept {
    /// A gateway that runs, before a sink with these flags.
    fn start(flags: &[&str]) -> Self {
        let (directory, sink) = (tempfile::tempdir().unwrap(), Sink::start(flags));
        let plan = Plan::default()
            .journal(directory.path(), "limit_mib: 16")
            .exporter("otlp_grpc/a", &sink.exporter("otlp_grpc", STORED));
        let gateway = Some(plan.start());
        Self {
            sink,
            plan,
            gateway,
            directory,
        }
    }

    /// One that has dead letters: the first span of every tenth request.
    fn poisoned() -> (Self, Report) {
        let kept = Self::start(&[]);
        kept.sink
            .behave(&json!({"refuse_name": "poison", "refuse_code": "INVALID_ARGUMENT"}));
        let report = kept.load("--spans 2000 --spans-per-request 50 --poison-every 10");
        assert_eq!(report.spans_acknowledged, 2_000);
        kept.gateway().settled();
        (kept, report)
    }

    fn gateway(&self) -> &Spanway {
        self.gateway.as_ref().unwrap()
    }

    fn load(&self, flags: &str) -> Report {
        Load::run(self.gateway().grpc, &format!("{flags} --retry-for 5s"))
    }

    fn stop(&mut self) {
        let mut gateway = self.gateway.take().unwrap();
        let status = gateway.stop_within(Duration::from_secs(60));
        assert!(status.success(), "{status}");
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// `spanway journal COMMAND --directory ...`.
    fn journal(&self, command: &str) -> Said {
        let arguments = ["journal"].into_iter().chain(command.split_whitespace());
        let mut command = spanway(arguments);
        command.arg("--directory").arg(self.path());
        said(command.output().unwrap())
    }

    /// `spanway journal COMMAND --config ...`, with the configuration of this plan.
    fn configured(&self, plan: &Plan, command: &str) -> Said {
        let arguments = ["journal"].into_iter().chain(command.split_whitespace());
        let mut command = spanway(arguments);
        command.arg("--config").arg(format!("yaml:{}", plan.yaml()));
        said(command.output().unwrap())
    }

    /// The row of an exporter in `ls --json`.
    fn row(&self, exporter: &str) -> Value {
        let said = self.journal("ls --json").well();
        let listing: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(listing["pipelines"][0]["pipeline"], "traces", "{said}");
        let rows = listing["pipelines"][0]["exporters"].as_array().unwrap();
        let row = rows.iter().find(|row| row["exporter"] == exporter);
        row.cloned().unwrap_or(Value::Null)
    }

    /// The ids of the spans in a dump, and the names of the spans.
    fn dump(&self, flags: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let text = self.journal(&format!("dump {flags}")).well();
        let mut found = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            for span in spans(line.get("request").unwrap_or(&line)) {
                let text = |key: &str| span[key].as_str().unwrap().to_owned();
                found.0.insert(text("traceId") + &text("spanId"));
                found.1.insert(text("name"));
            }
        }
        found
    }
}

fn spans(request: &Value) -> Vec<Value> {
    let under = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let resources = under(request, "resourceSpans").into_iter();
    let scopes = resources.flat_map(|resource| under(&resource, "scopeSpans"));
    scopes.flat_map(|scope| under(&scope, "spans")).collect()
}

// === impl Said ===

fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        ok: output.status.success(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Said {
    /// What it said when all went well.
    fn well(self) -> String {
        assert!(self.ok, "{self:?}");
        self.stdout
    }

    /// Why it did not.
    fn badly(self) -> String {
        assert!(!self.ok, "{self:?}");
        self.stderr
    }
}

/// Every file with its content.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files(directory).into_iter();
    files
        .map(|file| (file.clone(), std::fs::read(file).unwrap()))
        .collect()
}

/// Guarantees: `ls` shows what was acknowledged and not delivered, beside the gateway and after it; `dump` prints every
/// span of it; and neither they nor `verify` change anything.
#[test]
fn what_is_kept_is_shown() {
    let mut kept = Kept::start(&["--down"]);
    let report = kept.load("--spans 3000 --spans-per-request 100");
    assert_eq!(report.spans_acknowledged, 3_000);
    let check = |kept: &Kept| {
        let row = kept.row("otlp_grpc/a");
        assert_eq!(row["journal"]["spans"], 3_000, "{row}");
        assert_eq!(row["journal"]["records"], 30, "{row}");
        assert!(row["journal"]["oldest_seconds"].as_u64().is_some(), "{row}");
        assert_eq!(
            (&row["retry"]["spans"], &row["dead"]["spans"]),
            (&json!(0), &json!(0))
        );
        let table = kept.journal("ls").well();
        assert!(table.contains("otlp_grpc/a") && table.contains("3000"), "{table}");
        let (all, _) = kept.dump("");
        assert_eq!(all.len(), 3_000);
        assert_eq!(kept.dump("--exporter otlp_grpc/a --pipeline traces").0, all);
        assert_eq!(kept.dump("--exporter otlp_grpc/a --limit 3").0.len(), 300);
        let verdict = kept.journal("verify").well();
        assert!(verdict.contains("30 records, 3000 spans"), "{verdict}");
        let unknown = kept.journal("dump --exporter otlp_grpc/b").badly();
        assert!(
            unknown.contains("otlp_grpc/b") && unknown.contains("`otlp_grpc/a`"),
            "{unknown}"
        );
    };
    check(&kept);
    kept.stop();
    let before = contents(kept.path());
    check(&kept);
    assert_eq!(contents(kept.path()), before, "only read");
    // What the dump holds is what was sent: given to a sink, none of it is missing.
    kept.gateway = Some(kept.plan.start());
    kept.sink.behave(&json!({}));
    kept.gateway().settled();
    assert_eq!(kept.sink.missing(&report).missing, 0);
    wait_until("it is remembered that they were delivered", || {
        kept.row("otlp_grpc/a")["journal"]["spans"] == 0
    });
    assert!(kept.dump("--exporter otlp_grpc/a").0.is_empty());
}

/// Guarantees: while a gateway appends and deletes as fast as it can, everything that is looked at is sound.
#[test]
fn a_journal_at_work_is_sound() {
    let kept = Kept::start(&[]);
    let load = Load::start(
        kept.gateway().grpc,
        "--duration 5s --spans-per-request 200 --span-bytes 500 --in-flight 4 --retry-for 5s",
    );
    // Long enough for many files to be filled, passed and written over.
    let mut looks = 0;
    while looks < 15 {
        kept.journal("verify").well();
        kept.journal("ls").well();
        kept.journal("dump --limit 20").well();
        looks += 1;
    }
    let report = load.report();
    println!("looked {looks} times at {} spans", report.spans_acknowledged);
    kept.gateway().settled();
    assert_eq!(kept.sink.missing(&report).missing, 0);
    kept.journal("verify").well();
}

/// Guarantees: one bit that turned is found, with the file, the record and the spans that are lost, and the exit code
/// says so; a register that is cut short is found, too.
#[test]
fn a_turned_bit_is_found() {
    let mut kept = Kept::start(&["--down"]);
    kept.load("--spans 1000 --spans-per-request 100");
    kept.stop();
    kept.journal("verify").well();
    let is_segment = |file: &PathBuf| file.ends_with("journal/00000000000000000000.log");
    let segment = files(kept.path()).into_iter().find(is_segment).unwrap();
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&segment)
        .unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 4], middle).unwrap();
    let found = kept.journal("verify");
    assert!(!found.ok, "{found:?}");
    assert!(
        found.stderr.contains("1 place is damaged, 100 spans lost"),
        "{found:?}"
    );
    let line = found
        .stdout
        .lines()
        .find(|line| line.contains("damaged: "))
        .unwrap();
    for part in [
        segment.to_str().unwrap(),
        "byte ",
        "record ",
        "100 spans are lost",
        "`otlp_grpc/a`",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    // The others can still be read, and are.
    let dump = kept.journal("dump");
    assert_eq!(dump.stdout.lines().count(), 9);
    assert!(!dump.ok && dump.stderr.contains("1 places"), "{}", dump.stderr);
    file.write_all_at(&byte, middle).unwrap();
    kept.journal("verify").well();
    let register = segment.with_file_name("cursors.log");
    let length = std::fs::metadata(&register).unwrap().len();
    std::fs::File::options()
        .write(true)
        .open(&register)
        .unwrap()
        .set_len(length - 3)
        .unwrap();
    let found = kept.journal("verify").stdout;
    assert!(
        found.contains("cursors.log") && found.contains("nothing is lost"),
        "{found}"
    );
}

/// Guarantees: dead letters are shown with their reason, and are delivered when they are sent again after the
/// destination has changed its mind, beside a gateway that runs; the ledgers balance.
#[test]
fn dead_letters_are_sent_again_by_a_running_gateway() {
    let (kept, report) = Kept::poisoned();
    assert_eq!(kept.row("otlp_grpc/a")["dead"]["spans"], 4);
    let (ids, names) = kept.dump("--from dead --exporter otlp_grpc/a");
    assert_eq!((ids.len(), names), (4, ["poison".to_owned()].into()));
    let said = kept.journal("dump --from dead --reasons").well();
    let line: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["exporter"], &line["pipeline"]),
        (&json!("otlp_grpc/a"), &json!("traces"))
    );
    assert!(
        line["reason"].as_str().unwrap().contains("InvalidArgument"),
        "{line}"
    );
    assert!(line["timeUnixNano"].as_str().unwrap().len() == 19, "{line}");
    // As long as it has not, they come back.
    let replay = "replay --pipeline traces --exporter otlp_grpc/a";
    let said = kept.journal(replay).well();
    assert!(said.contains("moved 4 spans in 4 records"), "{said}");
    wait_until("they are dead letters again", || {
        kept.row("otlp_grpc/a")["dead"]["spans"] == 4
    });
    kept.gateway().settled();
    kept.sink.behave(&json!({}));
    kept.journal(replay).well();
    wait_until("they have arrived", || {
        kept.sink.missing(&report).poisoned_arrived == 4
    });
    let scrape = kept.gateway().settled();
    assert_eq!(scrape.exporter("otlp_grpc/a", "delivered"), 2_000);
    assert_eq!(scrape.exporter("otlp_grpc/a", "dead_lettered"), 8);
    assert_eq!(scrape.exporter("otlp_grpc/a", "recovered"), 8);
    wait_until("none is left", || kept.row("otlp_grpc/a")["dead"]["spans"] == 0);
    let said = kept
        .journal("replay --pipeline traces --exporter otlp_grpc/b")
        .badly();
    assert!(
        said.contains("`otlp_grpc/b` is not in the pipeline `traces`"),
        "{said}"
    );
    let left = files(kept.path())
        .into_iter()
        .filter(|file| file.ends_with("requests"));
    assert_eq!(left.count(), 0);
}

/// Guarantees: the same without a gateway: they are delivered when it starts.
#[test]
fn dead_letters_are_sent_again_when_the_gateway_starts() {
    let (mut kept, report) = Kept::poisoned();
    kept.sink.behave(&json!({}));
    kept.stop();
    let plan = kept.plan.clone();
    let unknown = kept
        .journal("replay --pipeline traces --exporter otlp_grpc/b")
        .badly();
    assert!(
        unknown.contains("nothing is kept there for `otlp_grpc/b`"),
        "{unknown}"
    );
    let said = kept
        .configured(&plan, "replay --pipeline traces --exporter otlp_grpc/a")
        .well();
    assert!(said.contains("moved 4 spans in 4 records"), "{said}");
    let row = kept.row("otlp_grpc/a");
    assert_eq!(
        (&row["dead"]["spans"], &row["retry"]["spans"]),
        (&json!(0), &json!(4))
    );
    assert_eq!(kept.dump("--from retry").0.len(), 4);
    kept.gateway = Some(plan.start());
    wait_until("they have arrived", || {
        kept.sink.missing(&report).poisoned_arrived == 4
    });
    let scrape = kept.gateway().settled();
    assert_eq!(scrape.exporter("otlp_grpc/a", "delivered"), 2_000);
    assert_eq!(kept.sink.missing(&report).missing, 0);
}

/// A gateway of whose two exporters one has left, with 8 MiB undelivered.
fn orphaned(with_gateway: bool) -> (Kept, Plan) {
    let mut kept = Kept::start(&[]);
    kept.stop();
    let dead = Sink::start(&["--down"]);
    let both = kept
        .plan
        .clone()
        .exporter("otlp_grpc/b", &dead.exporter("otlp_grpc", STORED));
    kept.gateway = Some(both.start());
    let report = kept.load("--spans 16000 --spans-per-request 200 --span-bytes 500");
    assert_eq!(report.spans_acknowledged, 16_000);
    wait_until("one has them", || kept.sink.missing(&report).missing == 0);
    kept.stop();
    if with_gateway {
        kept.gateway = Some(kept.plan.start());
    }
    assert_eq!(kept.row("otlp_grpc/b")["journal"]["spans"], 16_000);
    assert!(used(kept.path()) > 4 << 20);
    (kept, both)
}

/// Guarantees: an orphan is given up beside the gateway that runs without it, and the disk is free; an exporter that
/// runs is not.
#[test]
fn an_orphan_is_forgotten_by_a_running_gateway() {
    let (kept, _) = orphaned(true);
    let shown = kept.configured(&kept.plan, "ls").well();
    assert!(shown.contains("otlp_grpc/b (no longer configured)"), "{shown}");
    let metric = || {
        kept.gateway()
            .scrape()
            .sum("spanway_journal_orphan_bytes", "otlp_grpc/b")
    };
    assert!(metric() > 4 << 20);
    let forget = "forget --pipeline traces --exporter";
    for force in ["", " --force"] {
        let said = kept
            .journal(&format!("{forget} otlp_grpc/a --yes{force}"))
            .badly();
        assert!(said.contains("`otlp_grpc/a` is in the configuration"), "{said}");
    }
    let said = kept.journal(&format!("{forget} otlp_grpc/b")).badly();
    assert!(said.contains("16000 spans") && said.contains("--yes"), "{said}");
    assert_eq!(kept.row("otlp_grpc/b")["journal"]["spans"], 16_000);
    let said = kept.journal(&format!("{forget} otlp_grpc/b --yes")).well();
    assert!(said.contains("gave up 16000 spans"), "{said}");
    wait_until("the disk is free", || used(kept.path()) < 1 << 20);
    assert_eq!((kept.row("otlp_grpc/b"), metric()), (Value::Null, 0));
    let report = kept.load("--spans 1000 --spans-per-request 100");
    kept.gateway().settled().check();
    assert_eq!(kept.sink.missing(&report).missing, 0);
    let said = kept.journal("forget --pipeline traces --yes --force").badly();
    assert!(said.contains("a gateway runs"), "{said}");
}

/// Guarantees: the same without a gateway; what is configured, or may be, wants `--force`; and a whole pipeline goes.
#[test]
fn an_orphan_is_forgotten_without_a_gateway() {
    let (kept, both) = orphaned(false);
    let forget = "forget --pipeline traces --exporter otlp_grpc/b --yes";
    let said = kept.configured(&both, forget).badly();
    assert!(said.contains("is in the configuration"), "{said}");
    let said = kept.journal(forget).badly();
    assert!(said.contains("--config") && said.contains("--force"), "{said}");
    let said = kept.configured(&kept.plan, forget).well();
    assert!(said.contains("gave up 16000 spans"), "{said}");
    assert!(used(kept.path()) < 1 << 20);
    assert_eq!(kept.row("otlp_grpc/b"), Value::Null);
    kept.journal("verify").well();
    let said = kept.journal("forget --pipeline other --yes").badly();
    assert!(
        said.contains("no pipeline `other`") && said.contains("`traces`"),
        "{said}"
    );
    let said = kept.journal("forget --pipeline traces --force").badly();
    assert!(said.contains("--yes"), "{said}");
    kept.journal("forget --pipeline traces --force --yes").well();
    assert!(files(kept.path()).is_empty());
    assert!(kept.journal("ls").well().contains("nothing is kept there"));
}
