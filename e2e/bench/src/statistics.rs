//! Numbers from noisy measurements: medians, percentiles, differences of pairs.

use std::time::Duration;

/// The middle value, or the mean of the two middle ones; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The smallest value that at least this share (0 to 1) of all are not above: the nearest rank. Zero of nothing.
pub fn percentile(durations: &mut [Duration], share: f64) -> Duration {
    durations.sort_unstable();
    let rank = (share * durations.len() as f64).ceil() as usize;
    durations.get(rank.max(1) - 1).or(durations.last()).copied().unwrap_or_default()
}

/// What one thing costs more than another, when both were measured in turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The least of the rounds' medians: what remains when the machine disturbs least.
    pub least: f64,
    /// The greatest of them; how far the two lie apart says how much the machine disturbed.
    pub greatest: f64,
}

impl Difference {
    /// Of rounds, each a list of pairs measured one right after the other; `None` if a round is empty.
    ///
    /// The difference is taken within a pair, because a machine's speed drifts over seconds and hits both alike; the
    /// median over a round, because a disturbance hits single pairs.
    pub fn of(rounds: &[Vec<(f64, f64)>]) -> Option<Difference> {
        let of_round = |pairs: &Vec<(f64, f64)>| {
            median(&pairs.iter().map(|(this, other)| this - other).collect::<Vec<_>>())
        };
        let medians: Vec<f64> = rounds.iter().map(of_round).collect::<Option<_>>()?;
        let least = medians.iter().copied().min_by(f64::total_cmp)?;
        let greatest = medians.iter().copied().max_by(f64::total_cmp)?;
        Some(Difference { least, greatest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 100.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut hundred: Vec<Duration> = (1..=100).rev().map(Duration::from_micros).collect();
        let micros = |share| percentile(&mut hundred, share).as_micros();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(micros), [1, 50, 99, 100]);
        assert_eq!(percentile(&mut [], 0.5), Duration::ZERO);
    }

    #[test]
    fn a_difference_of_pairs_does_not_see_drift() {
        // The machine becomes twice as slow; the difference of 5 stays, but for one disturbed pair a round.
        let rounds = vec![
            vec![(55.0, 50.0), (105.0, 100.0), (300.0, 50.0)],
            vec![(107.0, 100.0), (57.0, 50.0), (57.0, 50.0)],
        ];
        assert_eq!(Difference::of(&rounds), Some(Difference { least: 5.0, greatest: 7.0 }));
        assert_eq!(Difference::of(&[vec![]]), None);
        assert_eq!(Difference::of(&[]), None);
    }
}
