//! Laws over random plans: what the server makes of one is what a small model of it says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{call, done, stages};
use crate::harness::{Caller, Server, wat};

/// Plans that are tried.
const CASES: u32 = 24;

/// A stage, as the model knows it. A call of an odd number fails.
#[derive(Debug, Clone)]
enum Tree {
    Call(i32),
    LeftOut,
    Sequence(Vec<Tree>),
    Parallel(Vec<Tree>),
    Each(Vec<i32>, Option<u32>),
    EachOf(usize, Option<u32>, Box<Tree>),
    Plan(Vec<Tree>),
}

fn trees() -> impl Strategy<Value = Tree> {
    // Most calls end well, or no plan would get far.
    let number = prop_oneof![30 => Just(2), 30 => Just(4), 1 => Just(3)];
    let concurrency = prop_oneof![Just(None), (1u32..4).prop_map(Some)];
    let items = prop::collection::vec(number.clone(), 0..6);
    let leaf = prop_oneof![
        6 => number.prop_map(Tree::Call),
        1 => Just(Tree::LeftOut),
        2 => (items, concurrency.clone()).prop_map(|(items, concurrency)| Tree::Each(items, concurrency)),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone().prop_map(Tree::Sequence),
            some.clone().prop_map(Tree::Parallel),
            some.prop_map(Tree::Plan),
            (0usize..4, concurrency.clone(), inner).prop_map(|(count, concurrency, tree)| Tree::EachOf(
                count,
                concurrency,
                Box::new(tree)
            )),
        ]
    })
}

impl Tree {
    fn body(&self) -> Value {
        let all = |trees: &[Self]| trees.iter().map(Self::body).collect::<Value>();
        match self {
            Self::Call(number) => call("call", "even", &json!(number)),
            Self::LeftOut => json!({"name": "out", "if": "false", "call": {"function": "even"}}),
            Self::Sequence(trees) => json!({"name": "sequence", "sequence": all(trees)}),
            Self::Parallel(trees) => json!({"name": "parallel", "parallel": all(trees)}),
            Self::Each(items, concurrency) => json!({"name": "each", "each": {
                "list": json!(items).to_string(), "concurrency": concurrency, "stage": call("item", "even", &json!("{{ item.value }}"))}}),
            Self::EachOf(count, concurrency, tree) => json!({"name": "each", "each": {
                "list": json!(vec![0; *count]).to_string(), "concurrency": concurrency, "stage": tree.body()}}),
            Self::Plan(trees) => json!({"name": "inner", "plan": {"name": "inner", "stages": all(trees)}}),
        }
    }

    /// Jobs and stages of it, if all goes well; where something fails, nothing.
    fn counts(&self) -> Option<(usize, usize)> {
        let all = |trees: &[Self]| {
            trees.iter().try_fold((0, 1), |(jobs, stages), tree| {
                let (more, parts) = tree.counts()?;
                Some((jobs + more, stages + parts))
            })
        };
        match self {
            Self::Call(number) => (number % 2 == 0).then_some((1, 1)),
            Self::LeftOut => Some((0, 1)),
            Self::Sequence(trees) | Self::Parallel(trees) | Self::Plan(trees) => all(trees),
            Self::Each(items, _) => items.iter().all(|item| item % 2 == 0).then_some((items.len(), 1)),
            Self::EachOf(0, ..) => Some((0, 1)),
            Self::EachOf(count, _, tree) => match &**tree {
                // The calls of an each are the jobs of one run.
                Self::Call(number) => (number % 2 == 0).then_some((*count, 1)),
                Self::LeftOut => Some((0, 1)),
                _ => tree.counts().map(|(jobs, stages)| (jobs * count, stages * count + 1)),
            },
        }
    }
}

/// What a plan came to, with the plans in it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Jobs by status.
    pub(super) jobs: BTreeMap<String, usize>,
    /// Stages by status.
    pub(super) stages: BTreeMap<String, usize>,
}

impl Seen {
    pub(super) fn look(&mut self, caller: &Caller, plan: &str) {
        for stage in stages(caller, plan) {
            *self.stages.entry(stage["status"].as_str().expect("a status").to_owned()).or_default() += 1;
            for run in stage["runs"].as_array().expect("runs") {
                let run = run["runId"].as_str().expect("an id");
                caller.run_over(run);
                for job in caller.jobs_of(run) {
                    *self.jobs.entry(job["status"].as_str().expect("a status").to_owned()).or_default() += 1;
                }
            }
            if let Some(inner) = stage["planId"].as_str() {
                self.look(caller, inner);
            }
        }
    }
}

#[test]
fn a_plan_comes_to_what_a_model_of_it_says() {
    let server = Server::start();
    let admin = server.admin();
    admin.deploy("even", wat::EVEN);
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let law = |trees: Vec<Tree>| {
        let bodies: Vec<Value> = trees.iter().map(Tree::body).collect();
        let plan = done(&admin, &json!({"name": "random", "stages": bodies}));
        let mut seen = Seen::default();
        seen.look(&admin, plan["planId"].as_str().expect("an id"));
        match Tree::Sequence(trees).counts() {
            Some((jobs, parts)) => {
                prop_assert_eq!(&plan["status"], "SUCCEEDED", "{}", plan);
                prop_assert_eq!(seen.jobs.values().sum::<usize>(), jobs);
                prop_assert_eq!(seen.jobs.keys().filter(|status| *status != "SUCCEEDED").count(), 0);
                prop_assert_eq!(
                    seen.stages.values().sum::<usize>(),
                    parts - 1,
                    "without what goes through all"
                );
            }
            None => {
                prop_assert_eq!(&plan["status"], "FAILED");
                prop_assert!(
                    plan["error"].as_str().is_some_and(|why| why.contains("unreachable")),
                    "{}",
                    plan
                );
                prop_assert!(seen.jobs.contains_key("FAILED"));
            }
        }
        let live = ["WAITING", "RUNNING"].iter().any(|status| seen.stages.contains_key(*status));
        prop_assert!(!live, "nothing goes on: {:?}", seen);
        Ok(())
    };
    let law = TestRunner::new(config).run(&prop::collection::vec(trees(), 1..4), law);
    law.unwrap_or_else(|error| panic!("{error}"));
}
