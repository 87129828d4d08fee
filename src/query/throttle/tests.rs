use std::time::{Duration, Instant};

use super::{Rate, Throttle};

const RATES: &[Rate] = &[
    Rate {
        requests: 2,
        within: Duration::from_secs(1),
    },
    Rate {
        requests: 3,
        within: Duration::from_secs(10),
    },
];

/// Every rate holds for each caller alone, and what must wait is told until when and not counted.
#[test]
fn rates_hold() {
    let throttle = Throttle::new(RATES);
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    assert_eq!(throttle.take("a", at(0)), Ok(()));
    assert_eq!(throttle.take("a", at(100)), Ok(()));
    assert_eq!(throttle.take("a", at(200)), Err(Duration::from_millis(800)));
    assert_eq!(throttle.take("b", at(200)), Ok(()));
    assert_eq!(throttle.take("a", at(1000)), Ok(()));
    assert_eq!(throttle.take("a", at(5000)), Err(Duration::from_millis(5000)));
    assert_eq!(throttle.take("a", at(10_000)), Ok(()));
}
