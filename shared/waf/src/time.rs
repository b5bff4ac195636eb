//! The calendar in UTC, from seconds since the epoch.

/// Fields as ModSecurity's `TIME_*` variables have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) year: u64,
    /// From 1.
    pub(crate) month: u64,
    /// From 1.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    /// From 0, Sunday.
    pub(crate) weekday: u64,
}

impl Calendar {
    /// By counting whole eras of 400 years that begin in March (the proleptic Gregorian calendar).
    pub(crate) fn at(seconds: u64) -> Calendar {
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let from_era = days + 719_468;
        let (era, day_of_era) = (from_era / 146_097, from_era % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Calendar {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: rest / 3_600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4) % 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Calendar;

    #[test]
    fn known_days() {
        let fields = |seconds| {
            let at = Calendar::at(seconds);
            (at.year, at.month, at.day, at.hour, at.minute, at.second, at.weekday)
        };
        assert_eq!(fields(0), (1970, 1, 1, 0, 0, 0, 4));
        assert_eq!(fields(951_782_400), (2000, 2, 29, 0, 0, 0, 2));
        assert_eq!(fields(1_735_689_599), (2024, 12, 31, 23, 59, 59, 2));
    }
}
