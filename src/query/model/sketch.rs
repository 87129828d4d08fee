//! Quantiles of durations in little memory.

use std::collections::BTreeMap;

/// How far the middle of a bucket is from its edges. Half a per cent, and half a nanosecond of rounding on top,
/// stay within one per cent of any whole number.
const ERROR: f64 = 0.005;

/// Counts durations in buckets whose borders grow by a constant factor, so that a quantile is known within one
/// per cent. Takes about 700 buckets for each factor of a thousand between the shortest and the longest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// By bucket: 0 holds zero, `1 + n` what lies in (g^(n-1), g^n], negative ones the same below zero.
    counts: BTreeMap<i16, u64>,
    total: u64,
    /// The least and the greatest value.
    range: Option<(i64, i64)>,
}

// === impl Sketch ===

impl Sketch {
    /// Counts a value.
    pub fn add(&mut self, value: i64) {
        *self.counts.entry(bucket(value)).or_default() += 1;
        self.total += 1;
        self.reach((value, value));
    }

    /// Counts all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.total += other.total;
        other.range.into_iter().for_each(|range| self.reach(range));
    }

    fn reach(&mut self, (min, max): (i64, i64)) {
        let (least, most) = self.range.unwrap_or((min, max));
        self.range = Some((least.min(min), most.max(max)));
    }

    /// The least value that at least this share (0 to 1) of all values do not exceed, within one per cent and among the
    /// values: exact where all are the same. 0 when nothing was counted.
    pub fn quantile(&self, share: f64) -> i64 {
        let (least, most) = self.range.unwrap_or_default();
        let rank = ((share * self.total as f64).ceil() as u64).max(1);
        let mut below = 0;
        for (bucket, count) in &self.counts {
            below += count;
            if below >= rank {
                return middle(*bucket).clamp(least, most);
            }
        }
        most
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> usize {
        self.counts.len() * 16
    }
}

fn growth() -> f64 {
    (1.0 + ERROR) / (1.0 - ERROR)
}

/// At most 4,400 for the largest value, so it fits.
fn bucket(value: i64) -> i16 {
    if value == 0 {
        return 0;
    }
    let size = value.unsigned_abs() as f64;
    let bucket = 1 + (size.ln() / growth().ln()).ceil() as i16;
    if value < 0 { -bucket } else { bucket }
}

fn middle(bucket: i16) -> i64 {
    if bucket == 0 {
        return 0;
    }
    let upper = growth().powi(i32::from(bucket.unsigned_abs()) - 1);
    let middle = (upper * 2.0 / (1.0 + growth())).round() as i64;
    if bucket < 0 { -middle } else { middle }
}
