//! How free places are shared out between accounts that have work waiting.

/// An account with jobs that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contender {
    /// Its share against the others'.
    pub weight: u32,
    /// Jobs of it that run already.
    pub running: u32,
    /// Jobs of it that are ready; counting may stop at the number of free places.
    pub ready: u32,
}

/// Places for each contender: one by one to whoever has the least for its weight, counting what
/// runs already. Nobody gets more than it has ready, nor runs more than `running_max`.
pub fn share_out(free: u32, running_max: u32, contenders: &[Contender]) -> Vec<u32> {
    let mut given = vec![0; contenders.len()];
    for _ in 0..free {
        let next = contenders
            .iter()
            .enumerate()
            .filter(|(index, c)| given[*index] < c.ready && c.running + given[*index] < running_max)
            .min_by(|(a, left), (b, right)| {
                let load = |index: usize, c: &Contender| u64::from(c.running + given[index] + 1);
                let (left_load, right_load) = (load(*a, left), load(*b, right));
                (left_load * u64::from(right.weight.max(1)))
                    .cmp(&(right_load * u64::from(left.weight.max(1))))
            });
        let Some((index, _)) = next else { break };
        given[index] += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(weight: u32, running: u32, ready: u32) -> Contender {
        Contender { weight, running, ready }
    }

    #[test]
    fn places_go_by_weight() {
        assert_eq!(share_out(12, 100, &[contender(1, 0, 100), contender(2, 0, 100)]), [4, 8]);
        assert_eq!(share_out(10, 100, &[contender(1, 0, 100), contender(1, 0, 3)]), [7, 3]);
    }

    #[test]
    fn what_runs_already_counts() {
        assert_eq!(share_out(6, 100, &[contender(1, 10, 100), contender(1, 4, 100)]), [0, 6]);
    }

    #[test]
    fn nobody_runs_more_than_the_maximum() {
        assert_eq!(share_out(100, 10, &[contender(1, 0, 100)]), [10]);
        assert_eq!(share_out(100, 10, &[contender(1, 12, 100)]), [0]);
    }
}
