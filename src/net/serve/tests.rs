use super::*;

const MIB: usize = 1024 * 1024;

/// The first connections get wide windows, later ones narrower ones, hundreds fit, and all of them together
/// stay within half of the budget.
#[test]
fn windows_shrink_as_connections_come() {
    let budget = Budget::new(256 * MIB);
    let admission = Admission::new(budget.clone(), 0);
    let places: Vec<_> = std::iter::from_fn(|| admission.admit()).collect();
    assert_eq!(places[0].window, 256 * 1024);
    assert!(places.is_sorted_by(|one, next| one.window >= next.window));
    assert!(places.len() > 600, "{}", places.len());
    assert!(places.iter().all(|place| place.window as usize >= NARROWEST));
    assert!(budget.used() <= 128 * MIB);
    drop(places);
    assert_eq!(budget.used(), 0);
    assert_eq!(admission.admit().unwrap().window, 256 * 1024);
}

/// A budget that requests have used up has no room for a connection, whatever the connections' share.
#[test]
fn a_full_budget_takes_no_connection() {
    let budget = Budget::new(4 * MIB);
    let admission = Admission::new(budget.clone(), 0);
    let _requests = budget.reserve(4 * MIB - 1000).unwrap();
    assert!(admission.admit().is_none());
}

/// A connection is idle only when nothing has been in flight for all of the time.
#[tokio::test]
async fn idle_is_nothing_in_flight_for_a_while() {
    let activity = Arc::new(Activity::new());
    let request = activity.request();
    let limit = Duration::from_millis(20);
    let idle = activity.idle(limit);
    let mut idle = std::pin::pin!(idle);
    assert!(tokio::time::timeout(5 * limit, idle.as_mut()).await.is_err());
    drop(request);
    let quiet = Instant::now();
    idle.await;
    assert!(quiet.elapsed() + Duration::from_millis(2) >= limit);
}
