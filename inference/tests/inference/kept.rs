//! What is in memory: once, while it is used, and no more than there is room for.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use skep_inference::{Code, Config, Inference, Model};

use crate::{model, networks, owner, wait};

#[test]
fn a_file_is_fetched_once_however_many_ask_for_it() {
    let (inference, file, fetched) = (crate::start(), networks::classifier(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let fetch = async {
                    fetched.fetch_add(1, SeqCst);
                    Ok(file.clone())
                };
                wait(inference.load(&model(&file, None), owner(1), fetch)).expect("it is a model");
            });
        }
    });
    assert_eq!((fetched.load(SeqCst), inference.held().0), (1, 1));
}

#[test]
fn a_load_that_is_given_up_is_no_ones_trouble() {
    let (inference, file) = (crate::start(), networks::classifier());
    let never = std::future::pending();
    let (model, group) = (model(&file, None), owner(1));
    // Polled once, and dropped.
    let given_up = futures_util::FutureExt::now_or_never(inference.load(&model, group, never));
    assert!(given_up.is_none());
    wait(inference.load(&model, group, async { Ok(file.clone()) })).expect("the next one loads it");
}

#[test]
fn those_that_nobody_uses_make_room_and_those_in_use_stay() {
    let file = networks::slow(1, 256);
    let bytes = {
        let inference = crate::start();
        crate::load(&inference, &file).expect("it is a model");
        inference.held().1
    };
    let room = Config { models_bytes_max: bytes * 5 / 2, ..Config::default() };
    let inference = Inference::start(room).expect("threads can be had");
    let numbered = |number: u8| Model { hash: [number; 32], batching: None, scope: 1 };
    let load = |number| wait(inference.load(&numbered(number), owner(1), async { Ok(file.clone()) }));
    let first = load(1).expect("there is room");
    for number in 2..50 {
        load(number).expect("the one before makes room");
        assert!(inference.held().0 <= 2);
    }
    let second = load(50).expect("there is room");
    let full = load(51).map(drop).expect_err("both are in use");
    assert_eq!(full.code, Code::TooLarge);
    drop((first, second));
    load(51).expect("nobody uses them now");
}
