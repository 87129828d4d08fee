use super::MemoryLimiterSettings;

const MIB: u64 = 1024 * 1024;

/// Guarantees: the budget is the Collector's soft limit, in MiB or in per cent of the memory there is.
#[test]
fn the_budget_is_the_soft_limit() {
    let of = |limit_mib, spike_limit_mib, limit_percentage, spike_limit_percentage| {
        MemoryLimiterSettings {
            limit_mib,
            spike_limit_mib,
            limit_percentage,
            spike_limit_percentage,
        }
        .budget(1000 * MIB)
    };
    assert_eq!(of(100, 30, 0, 0), 70 * MIB);
    assert_eq!(of(100, 0, 0, 0), 80 * MIB);
    assert_eq!(of(0, 0, 50, 10), 400 * MIB);
    assert_eq!(of(0, 0, 50, 0), 400 * MIB);
    assert_eq!(of(100, 0, 50, 10), 80 * MIB);
}
