//! Random numbers that are another instance's neither.
//!
//! QuickJS takes the seeds of `Math.random` and of its maps from the time at which a context is made, and keeps
//! them in the context. Ours is made before there is an instance, at no time at all, so each instance puts random
//! ones in their place. That place has no name outside of QuickJS; it is found by what must be there.

use std::cell::Cell;

use rquickjs::Ctx;

/// Eight bytes of `Math.random`'s state, and four of the maps' seed after them.
const SEED_BYTES: usize = 12;
/// What they are in a context that is made in the first microsecond of 1970: one step of xorshift64* from 1.
const STATE: u64 = 0x0200_0001;
const MAPS: u32 = STATE.wrapping_mul(0x2545_F491_4F6C_DD1D) as u32;
/// Bytes of a context in which they are looked for.
const CONTEXT_BYTES: usize = 1024;

thread_local! {
    /// Where they are in a context, once it was found.
    static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Finds the place in a context that was made at no time.
pub(crate) fn find(ctx: &Ctx<'_>) {
    let mut seeds = STATE.to_le_bytes().to_vec();
    seeds.extend(MAPS.to_le_bytes());
    // SAFETY: it is called where the component is made, long before the end of memory; nothing is written.
    let context = unsafe { std::slice::from_raw_parts(ctx.as_raw().as_ptr().cast::<u8>(), CONTEXT_BYTES) };
    let mut places = context.windows(SEED_BYTES).enumerate().filter(|(_, bytes)| *bytes == seeds);
    match (places.next(), places.next()) {
        (Some((place, _)), None) => PLACE.set(Some(place)),
        _ => panic!("this QuickJS keeps its seeds elsewhere"),
    }
}

/// Puts random seeds into a context of an instance.
pub(crate) fn renew(ctx: &Ctx<'_>) {
    let Some(place) = PLACE.get() else { return };
    let mut seeds = wasip2::random::random::get_random_bytes(SEED_BYTES as u64);
    // The state of a xorshift must not be 0.
    seeds[0] |= 1;
    // SAFETY: the seeds of this context are there.
    unsafe {
        let at = ctx.as_raw().as_ptr().cast::<u8>().add(place);
        at.copy_from_nonoverlapping(seeds.as_ptr(), SEED_BYTES);
    }
}
