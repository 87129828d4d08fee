use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Allowance, Bucket, OverQuota, Purse, Quota};
use crate::pipeline::budget::Budget;

/// What a bucket is, said in another way: it holds at most a burst, flows in at its rate, and lets a request pass that finds
/// its amount, or is full.
struct Model {
    per_second: f64,
    holds: f64,
    level: f64,
    at: Instant,
}

impl Model {
    fn flow(&mut self, now: Instant) {
        let flown = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.level = (self.level + flown).min(self.holds);
        self.at = now;
    }

    fn lacks(&self, amount: u64) -> f64 {
        (amount as f64).min(self.holds) - self.level
    }
}

proptest! {
    /// The bucket says what the model says, at any moment and of any amount; whoever comes back when it was told to is let
    /// in, and a nanosecond or so before is not.
    #[test]
    fn a_bucket_is_its_model(
        per_second in 1u64..100_000,
        burst_millis in 1u64..20_000,
        steps in proptest::collection::vec((0u64..3_000_000_000, 1u64..200_000), 1..60),
    ) {
        let bucket = Bucket::new(per_second, Duration::from_millis(burst_millis));
        let holds = per_second as f64 * burst_millis as f64 / 1e3;
        let mut model = Model { per_second: per_second as f64, holds, level: holds, at: bucket.start };
        let mut now = bucket.start;
        // The bucket counts in whole nanoseconds.
        let grain = per_second as f64 / 1e9 * steps.len() as f64 + 1e-6;
        for (pause, amount) in steps {
            now += Duration::from_nanos(pause);
            model.flow(now);
            let lacks = model.lacks(amount);
            match bucket.take(amount, now) {
                Ok(()) => {
                    prop_assert!(lacks <= grain, "let in, lacking {lacks}");
                    model.level -= amount as f64;
                }
                Err(wait) => {
                    prop_assert!(lacks >= -grain, "refused, with {lacks} to spare");
                    let expected = lacks / per_second as f64;
                    prop_assert!((wait.as_secs_f64() - expected).abs() < 1e-6, "{wait:?}, not {expected}s");
                    prop_assert!(bucket.take(amount, now + wait - Duration::from_nanos(1)).is_err());
                }
            }
        }
    }

    /// Over any time no more passes than a burst, the rate, and the one request that a full bucket lets overdraw it.
    #[test]
    fn the_rate_holds(amounts in proptest::collection::vec(1u64..500, 1..400)) {
        let bucket = Bucket::new(1000, Duration::from_millis(200));
        let (mut now, mut passed) = (bucket.start, 0);
        for amount in &amounts {
            if bucket.take(*amount, now).is_ok() {
                passed += amount;
            }
            now += Duration::from_millis(1);
        }
        let most = 200 + amounts.len() as u64 + 500;
        prop_assert!(passed <= most, "{passed} of {most}");
    }
}

/// Both limits hold, each by itself, and time makes room again; without a quota everything passes.
#[tokio::test(start_paused = true)]
async fn allowances() {
    let quota = Quota {
        requests_per_second: Some(2),
        bytes_per_second: Some(100),
        burst: Duration::from_secs(1),
    };
    let allowance = Allowance::new("keys", "shop", quota);
    assert!(allowance.request().is_ok() && allowance.request().is_ok());
    let told = OverQuota {
        name: "shop".into(),
        what: "requests",
        wait: Duration::from_millis(500),
    };
    assert_eq!(allowance.request(), Err(told));
    tokio::time::advance(Duration::from_millis(500)).await;
    assert!(allowance.request().is_ok());

    let budget = Budget::new(1000);
    let purse = Purse::new(&budget, Some(&allowance));
    // More than the bucket holds passes once, and is paid for afterwards.
    assert!(purse.charge(300).is_ok());
    let over = purse.charge(1).unwrap_err();
    assert_eq!((over.what, over.wait), ("bytes", Duration::from_millis(2010)));
    tokio::time::advance(Duration::from_millis(2010)).await;
    assert!(purse.charge(1).is_ok());

    let free = Purse::from(&budget);
    assert!(free.charge(usize::MAX).is_ok());
    assert!(
        Purse::new(&budget, Some(&Default::default()))
            .charge(usize::MAX)
            .is_ok()
    );
}
