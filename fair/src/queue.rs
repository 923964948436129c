//! The order in which what is ready has its turn: by group, least virtual time first; in a group by arrival.

use std::collections::{BTreeSet, HashMap, VecDeque};

/// Whose it is. Nothing else is known about an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShareGroup {
    /// Any number that is the owner's alone.
    pub id: u128,
    /// Its share against other groups'; 1 where all are alike.
    pub weight: u32,
}

/// A queue of queues. A group's virtual time is the time it had, divided by its weight.
pub struct Queue<T> {
    groups: HashMap<u128, Group<T>>,
    /// Groups that have something ready, by virtual time.
    order: BTreeSet<(u64, u128)>,
    /// The virtual time of the group that ran last: who comes back from idling starts here, so
    /// that nobody saves up time by doing nothing.
    floor: u64,
}

struct Group<T> {
    virtual_nanos: u64,
    ready: VecDeque<(ShareGroup, T)>,
}

/// Groups that are remembered while they have nothing ready, so that their time is not forgotten
/// between two turns. More than these are forgotten all at once.
const IDLE_GROUPS_MAX: usize = 4096;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { groups: HashMap::new(), order: BTreeSet::new(), floor: 0 }
    }
}

impl<T> Queue<T> {
    /// Whether nothing is ready.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many of each group are ready.
    pub fn lengths(&self) -> Vec<(u128, u32)> {
        let length = |id: u128| self.groups.get(&id).map_or(0, |group| group.ready.len() as u32);
        self.order.iter().map(|(_, id)| (*id, length(*id))).collect()
    }

    /// Adds what is ready, at the end of its group's line.
    pub fn push(&mut self, group: ShareGroup, item: T) {
        let floor = self.floor;
        let entry = self
            .groups
            .entry(group.id)
            .or_insert_with(|| Group { virtual_nanos: floor, ready: VecDeque::new() });
        if entry.ready.is_empty() {
            entry.virtual_nanos = entry.virtual_nanos.max(floor);
            self.order.insert((entry.virtual_nanos, group.id));
        }
        entry.ready.push_back((group, item));
    }

    /// Takes what is next.
    pub fn pop(&mut self) -> Option<(T, ShareGroup)> {
        let (virtual_nanos, id) = self.order.pop_first()?;
        self.floor = self.floor.max(virtual_nanos);
        let group = self.groups.get_mut(&id)?;
        let (share_group, item) = group.ready.pop_front()?;
        if !group.ready.is_empty() {
            self.order.insert((virtual_nanos, id));
        }
        if self.groups.len() > self.order.len() + IDLE_GROUPS_MAX {
            self.groups.retain(|_, group| !group.ready.is_empty());
        }
        Some((item, share_group))
    }

    /// Takes what else fits to something that was taken, in the order in which groups are next: the first of each group's
    /// line, as long as it fits, a group at a time.
    pub fn take_along(&mut self, most: usize, fits: impl Fn(&T) -> bool) -> Vec<(T, ShareGroup)> {
        let mut taken = Vec::new();
        let mut groups: VecDeque<u128> = self.order.iter().map(|(_, id)| *id).collect();
        while let (true, Some(id)) = (taken.len() < most, groups.pop_front()) {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            let Some((share_group, item)) = group.ready.pop_front_if(|(_, item)| fits(item)) else {
                continue;
            };
            taken.push((item, share_group));
            if group.ready.is_empty() {
                self.order.remove(&(group.virtual_nanos, id));
            } else {
                groups.push_back(id);
            }
        }
        taken
    }

    /// Adds time to a group.
    pub fn charge(&mut self, group: ShareGroup, nanos: u64) {
        let Some(entry) = self.groups.get_mut(&group.id) else {
            return;
        };
        let before = entry.virtual_nanos;
        entry.virtual_nanos = before.saturating_add(nanos / u64::from(group.weight.max(1)));
        if self.order.remove(&(before, group.id)) {
            self.order.insert((entry.virtual_nanos, group.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(id: u128, weight: u32) -> ShareGroup {
        ShareGroup { id, weight }
    }

    /// Runs always-ready guests for `turns` turns of a millisecond; returns the turns of each group.
    fn turns_of(groups: &[(u128, u32)], turns: usize) -> HashMap<u128, usize> {
        let mut queue = Queue::default();
        for &group in groups {
            queue.push(share(group.0, group.1), ());
        }
        let mut had = HashMap::new();
        for _ in 0..turns {
            let ((), group) = queue.pop().expect("always ready");
            *had.entry(group.id).or_default() += 1;
            queue.charge(group, 1_000_000);
            queue.push(group, ());
        }
        had
    }

    #[test]
    fn groups_share_by_weight_whatever_their_number_of_guests() {
        let had = turns_of(&[(1, 1), (1, 1), (1, 1), (2, 1), (3, 2)], 400);
        assert_eq!((had[&1], had[&2], had[&3]), (100, 100, 200));
    }

    #[test]
    fn what_fits_is_taken_along_a_group_at_a_time() {
        let mut queue = Queue::default();
        for (group, item) in [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'x'), (2, 'd'), (3, 'e')] {
            queue.push(share(group, 1), item);
        }
        let taken = queue.take_along(3, |item| *item < 'x');
        assert_eq!(
            taken.iter().map(|(item, _)| *item).collect::<String>(),
            "aeb",
            "two's first does not fit"
        );
        let rest: String = std::iter::from_fn(|| queue.pop().map(|(item, _)| item)).collect();
        assert_eq!(rest, "cxd", "nothing is lost, and three's line is gone");
    }

    #[test]
    fn a_group_that_idled_gets_no_more_than_its_share_afterwards() {
        let mut queue = Queue::default();
        for _ in 0..100 {
            queue.push(share(1, 1), ());
            let ((), group) = queue.pop().expect("one is ready");
            queue.charge(group, 1_000_000);
        }
        queue.push(share(2, 1), ());
        queue.push(share(1, 1), ());
        queue.push(share(2, 1), ());
        let order: Vec<u128> = std::iter::from_fn(|| {
            let ((), group) = queue.pop()?;
            queue.charge(group, 1_000_000);
            Some(group.id)
        })
        .collect();
        assert_eq!(order, [2, 1, 2], "the newcomer goes first once, then they alternate");
    }
}
