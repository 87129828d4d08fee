//! What calendar and clock show.

/// Days of four centuries, after which the calendar repeats.
const CYCLE: i64 = 146_097;

/// Days from the first of March of the year 0, where a year that ends with its leap day may start, to 1970.
const FROM_MARCH: i64 = 719_468;

/// A day of the gregorian calendar, also where there was none yet, and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year; before the year 1 comes 0, then -1.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// From 1 on.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

// === impl Civil ===

impl Civil {
    /// What is shown so many seconds after the beginning of 1970, as if without time zones.
    pub fn of(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let since = days.saturating_add(FROM_MARCH);
        let (cycle, day) = (since.div_euclid(CYCLE), since.rem_euclid(CYCLE));
        // Leap days come every 4 years, not every 100, but every 400.
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // Months from March on have 31, 30, 31, 30, 31 days, and again.
        let month = (5 * day + 2) / 153;
        let (month, day, is_next) = (month, day - (153 * month + 2) / 5 + 1, month >= 10);
        Self {
            year: cycle * 400 + year + i64::from(is_next),
            month: if is_next { month - 9 } else { month + 3 },
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// Seconds from the beginning of 1970, as if without time zones.
    pub fn seconds(&self) -> i64 {
        let clock = self.hour * 3600 + self.minute * 60 + self.second;
        self.days().saturating_mul(86_400).saturating_add(clock)
    }

    /// Sunday is 0.
    pub fn weekday(&self) -> i64 {
        (self.days() + 4).rem_euclid(7)
    }

    /// The first of January is 1.
    pub fn day_of_year(&self) -> i64 {
        let first = Self {
            month: 1,
            day: 1,
            ..*self
        };
        self.days() - first.days() + 1
    }

    /// Days from the beginning of 1970.
    fn days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let month = (self.month + 9) % 12;
        let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + self.day - 1;
        cycle * CYCLE + day - FROM_MARCH
    }
}

/// How many days a month has.
pub fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether the year has a leap day.
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
