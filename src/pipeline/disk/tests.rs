use std::sync::{Arc, mpsc};

use proptest::prelude::*;

use super::envelope;
use crate::config::types::Secret;
use crate::journal::disk::FileSystem;
use crate::journal::{CommitError, Item, Journal, Options, Space, Taken, Uncounted, Waiter};
use crate::net::auth::Identity;
use crate::pipeline::client::Client;
use crate::telemetry::ledger::{ExporterColumns, ExporterLedger, PipelineColumns, PipelineLedger};
use crate::wire::Traces;

struct Tell(mpsc::Sender<Result<u64, CommitError>>);

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        self.0.send(result).unwrap();
    }
}

/// One request of no span, which is as good as any here.
fn traces() -> Traces {
    Traces::check(vec![10, 0].into()).unwrap().traces
}

/// What a record becomes when it has been on disk.
fn through_the_disk(client: &Arc<Client>, reason: &str) -> Item {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        tail_bytes: 0,
        ..Options::default()
    };
    let disk = Arc::new(FileSystem::default());
    let space = Space::new(1 << 30);
    let journal = Journal::open(disk, directory.path(), options, space, Arc::new(Uncounted)).unwrap();
    journal.cursor("one").unwrap();
    let cursor = journal.attach("one", Arc::new(Uncounted));
    let (sender, told) = mpsc::channel();
    journal.append(envelope::seal(&traces(), client, reason), Box::new(Tell(sender)));
    told.recv().unwrap().unwrap();
    assert!(matches!(cursor.take(1), Taken::OnDisk));
    cursor.read(1).unwrap().remove(0)
}

fn metadata() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
    let values = prop::collection::vec(".{0,40}", 0..4);
    prop::collection::vec((".{0,20}", values), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Guarantees: what a client told about itself, the spans and the reason of a dead letter survive the disk, and the
    /// room that is reserved for a request is enough for it.
    #[test]
    fn a_record_survives_the_disk(metadata in metadata(), user in ".{0,40}", reason in ".{0,80}") {
        let known = |attributes: &[(&str, &str)]| {
            let attribute = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret((*value).to_owned()));
            let attributes = attributes.iter().map(attribute).collect();
            Some(Arc::new(Identity { attributes, ..Identity::default() }))
        };
        let client = Client { metadata, ..Client::default() };
        let identity = known(&[("raw", "hush"), ("username", &user)]);
        let sent = Arc::new(Client { identity, ..client.clone() });
        // Credentials stay out of files.
        let identity = known(&[("username", &user)]);
        let client = Arc::new(Client { identity, ..client });
        let item = through_the_disk(&sent, &reason);
        let letter = envelope::open(&item).unwrap();
        prop_assert_eq!(&letter.traces, &traces());
        prop_assert_eq!(&letter.client, &client);
        prop_assert_eq!(&letter.reason, &reason);
        let reserved = envelope::size(&traces(), &client) + reason.len() as u64 + 10;
        prop_assert!(item.size <= reserved, "{} bytes, {} reserved", item.size, reserved);
    }

    /// Guarantees: an exporter's ledger that goes on from any sound counts balances, whatever is found on disk.
    #[test]
    fn resumed_exporters_balance(counts in prop::array::uniform5(0u64..1000), found in 0u64..1000) {
        let [delivered, expired, dead_lettered, in_flight, recovered] = counts;
        let columns = ExporterColumns {
            handed_over: (delivered + expired + dead_lettered + in_flight).saturating_sub(recovered),
            recovered: recovered.min(delivered + expired + dead_lettered + in_flight),
            delivered,
            expired,
            dead_lettered,
            in_flight,
            ..ExporterColumns::default()
        };
        let remembered = ExporterColumns::from_bytes(&columns.to_bytes());
        prop_assert_eq!(remembered, columns);
        let resumed = ExporterLedger::resumed(remembered, found).columns();
        prop_assert!(resumed.balances(), "{:?}", resumed);
        prop_assert_eq!(resumed.in_flight, found);
    }

    /// Guarantees: a pipeline's ledger that goes on balances: what was held had no answer, what was handed over after the
    /// counts were written down is recovered.
    #[test]
    fn resumed_pipelines_balance(handed_over in 0u64..1000, held in 0u64..1000, beyond in 0u64..1000) {
        let accepted = handed_over + held;
        let columns = PipelineColumns { accepted, handed_over, held, ..PipelineColumns::default() };
        let remembered = PipelineColumns::from_bytes(&columns.to_bytes());
        prop_assert_eq!(remembered, columns);
        let resumed = PipelineLedger::resumed(remembered, beyond).columns();
        prop_assert!(resumed.balances(), "{:?}", resumed);
        prop_assert_eq!((resumed.held, resumed.recovered), (0, beyond));
    }
}
