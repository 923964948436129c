//! Lists: newest first and without pages, as the product has them, and so with an end.

use std::ops::ControlFlow;

use skep_domain::Error;
use skep_domain::model::page::{Listed, PAGE_MAX, Page};

/// Things that a list shows at most.
const LENGTH_MAX: usize = 1000;
/// Bytes of source, logs, arguments and results after which it ends.
const BYTES_MAX: usize = 8 << 20;

/// What is left of a list.
pub(super) struct Room {
    things: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { things: LENGTH_MAX, bytes: BYTES_MAX }
    }

    /// Takes room for a thing: the list ends before one that has none. The first always has.
    pub(super) fn take(&mut self, bytes: usize) -> ControlFlow<()> {
        let is_first = self.things == LENGTH_MAX;
        match (self.things.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(things), Some(bytes)) => (self.things, self.bytes) = (things, bytes),
            (Some(things), None) if is_first => (self.things, self.bytes) = (things, 0),
            _ => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}

/// Reads pages and shows what is on them, until there is no more or the list ends.
pub(super) async fn each<T>(
    mut read: impl AsyncFnMut(Page) -> Result<Listed<T>, Error>,
    mut show: impl AsyncFnMut(T) -> Result<ControlFlow<()>, Error>,
) -> Result<ControlFlow<()>, Error> {
    let mut page = Page { limit: PAGE_MAX, after: None };
    loop {
        let listed = read(page).await?;
        for item in listed.items {
            if show(item).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        page.after = listed.next;
        if page.after.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_before_what_has_no_room_but_not_before_its_first() {
        let mut room = Room::new();
        assert!(
            room.take(BYTES_MAX + 1).is_continue() && room.take(0).is_continue() && room.take(1).is_break()
        );
        let mut room = Room::new();
        let taken = (0..LENGTH_MAX + 5).take_while(|_| room.take(1).is_continue()).count();
        assert_eq!(taken, LENGTH_MAX);
    }
}
