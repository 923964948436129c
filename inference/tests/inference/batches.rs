//! Inferences computed together: to each its own, and none keeps others from theirs.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use skep_inference::{Batching, Config, Failure, Inference, Model};

use crate::{floats, model, networks, numbers, owner, soon, wait};

const ROWS: Option<Batching> = Some(Batching { axis: 0, rows_max: 16 });

/// Asks a busy device for an inference each, all at once; gives what each came to, and how many went together at most.
fn at_once(
    inference: &Inference,
    asks: Vec<(Model, bytes::Bytes, usize, f32)>,
) -> (Vec<Result<Vec<f32>, Failure>>, usize) {
    // The one thread of the device is held until all are in line.
    let slow = networks::slow(30, 256);
    let hold =
        wait(inference.load(&model(&slow, None), owner(99), async { Ok(slow.clone()) })).expect("a model");
    let holding = {
        let (inference, hold) = (inference.clone(), hold.clone());
        std::thread::spawn(move || {
            let input = ("x".to_owned(), floats(&[256, 256], &vec![0.1; 256 * 256]));
            wait(inference.compute(&hold, vec![input], owner(99), soon())).expect("it is computed");
        })
    };
    std::thread::sleep(Duration::from_millis(5));
    let barrier = Arc::new(Barrier::new(asks.len()));
    let threads: Vec<_> = asks
        .into_iter()
        .enumerate()
        .map(|(index, (model, file, rows, value))| {
            let (inference, barrier) = (inference.clone(), barrier.clone());
            std::thread::spawn(move || {
                let group = owner(index as u128 % 3);
                let graph = wait(inference.load(&model, group, async { Ok(file) })).expect("it is a model");
                barrier.wait();
                let input = ("x".to_owned(), floats(&[rows, 4], &vec![value; rows * 4]));
                let computed = wait(inference.compute(&graph, vec![input], group, soon()));
                let computed = computed.map_err(|failed| failed.failure)?;
                Ok((numbers(&computed.outputs[0].1), computed.served.together))
            })
        })
        .collect();
    let ends: Vec<Result<_, Failure>> =
        threads.into_iter().map(|thread| thread.join().expect("it ends")).collect();
    holding.join().expect("it ends");
    let together = ends.iter().flatten().map(|(_, together)| *together).max().unwrap_or(0);
    (ends.into_iter().map(|end| end.map(|(numbers, _)| numbers)).collect(), together)
}

fn one_thread() -> Inference {
    Inference::start(Config { threads: 1, ..Config::default() }).expect("threads can be had")
}

#[test]
fn each_gets_its_own_rows_of_a_batch() {
    let (inference, file) = (one_thread(), networks::classifier());
    let alone = |rows: usize, value: f32| {
        let graph = crate::load(&inference, &file).expect("it is a model");
        let input = ("x".to_owned(), floats(&[rows, 4], &vec![value; rows * 4]));
        numbers(
            &wait(inference.compute(&graph, vec![input], owner(1), soon())).expect("it fits").outputs[0].1,
        )
    };
    let asked: Vec<(usize, f32)> = (0..12).map(|index| (1 + index % 3, index as f32)).collect();
    let asks = asked.iter().map(|(rows, value)| (model(&file, ROWS), file.clone(), *rows, *value)).collect();
    let (ends, together) = at_once(&inference, asks);
    assert!(together > 1, "some went together");
    for (end, (rows, value)) in ends.into_iter().zip(asked) {
        let (got, expected) = (end.expect("it fits"), alone(rows, value));
        assert_eq!(got.len(), expected.len());
        assert!(
            got.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-5),
            "{got:?} {expected:?}"
        );
    }
}

#[test]
fn scopes_and_models_without_rows_stay_apart() {
    let (inference, file) = (one_thread(), networks::classifier());
    let ask = |scope| (Model { scope, ..model(&file, ROWS) }, file.clone(), 1, 1.0);
    let (ends, together) = at_once(&inference, (0..6).map(ask).collect());
    assert!(ends.iter().all(Result::is_ok));
    assert_eq!(together, 1, "each has a scope of its own");
    let ask = |_| (model(&file, None), file.clone(), 1, 1.0);
    assert_eq!(at_once(&inference, (0..6).map(ask).collect()).1, 1, "nobody said that rows are independent");
}
