//! Jobs that are selected by any condition are those for which it holds, in the order that is asked for.

use proptest::prelude::*;
use skep_domain::model::id::JobId;
use skep_domain::model::job::{Job, Status};
use skep_domain::model::page::{Order, Page};
use skep_domain::model::selection::{Condition, Key, Moment, Selection, Text};
use skep_domain::model::settings::Settings;
use skep_domain::port::store::JobFilter;

use crate::lists::populate;
use crate::world::{World, at, make_function, name};

/// Names that are in some functions' names, at some end of them.
fn text() -> impl Strategy<Value = Text> {
    let word = prop::sample::select(vec!["f", "g", "G'%_", "'", "%", "", "ü", "F", "a"]);
    let how = prop::sample::select(vec![
        Text::Is as fn(String) -> Text,
        Text::Begins,
        Text::Contains,
        Text::Ends,
        Text::Before,
        Text::After,
    ]);
    (how, word).prop_map(|(how, word)| how(word.to_owned()))
}

fn moment() -> impl Strategy<Value = Moment> {
    prop::sample::select(vec![Moment::Created, Moment::Updated, Moment::Started, Moment::Completed])
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        prop::sample::subsequence(Status::ALL.to_vec(), 0..=7).prop_map(Condition::Status),
        text().prop_map(Condition::Name),
        text().prop_map(Condition::NameNot),
        any::<bool>().prop_map(Condition::HasModel),
        (moment(), 0u64..50, 0u64..50).prop_map(|(moment, from, to)| Condition::Happened(
            moment,
            at(from),
            at(to)
        )),
        moment().prop_map(Condition::NotYet),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let several = prop::collection::vec(inner, 0..4);
        prop_oneof![several.clone().prop_map(Condition::All), several.prop_map(Condition::Any)]
    })
}

fn keys() -> impl Strategy<Value = Vec<(Key, Order)>> {
    let key = prop_oneof![Just(Key::Name), Just(Key::Status), moment().prop_map(Key::Moment)];
    let order = prop::sample::select(vec![Order::Ascending, Order::Descending]);
    prop::collection::vec((key, order), 0..3)
}

fn when(job: &Job, moment: Moment) -> Option<skep_domain::model::time::Millis> {
    match moment {
        Moment::Created => Some(job.created_at),
        Moment::Updated => Some(job.updated_at),
        Moment::Started => job.started_at,
        Moment::Completed => job.completed_at,
    }
}

fn holds(condition: &Condition, job: &Job) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|condition| holds(condition, job)),
        Condition::Any(any) => any.iter().any(|condition| holds(condition, job)),
        Condition::Status(states) => states.contains(&job.progress.status),
        Condition::Id(id) => *id == job.id,
        Condition::IdNot(id) => *id != job.id,
        Condition::Name(text) => text.fits(&job.job_type),
        Condition::NameNot(text) => !text.fits(&job.job_type),
        Condition::HasModel(has) => (job.job_type == "ga") == *has,
        Condition::Happened(moment, from, to) => {
            when(job, *moment).is_some_and(|at| *from <= at && at <= *to)
        }
        Condition::NotYet(moment) => when(job, *moment).is_none(),
    }
}

fn compared(one: &Job, other: &Job, keys: &[(Key, Order)]) -> std::cmp::Ordering {
    let by = |(key, order): &(Key, Order)| {
        let ascending = match key {
            Key::Name => one.job_type.cmp(&other.job_type),
            Key::Status => one.progress.status.number().cmp(&other.progress.status.number()),
            Key::Moment(moment) => when(one, *moment).cmp(&when(other, *moment)),
        };
        if *order == Order::Descending { ascending.reverse() } else { ascending }
    };
    let first = keys.iter().map(by).find(|order| order.is_ne());
    first.unwrap_or_else(|| other.id.cmp(&one.id))
}

fn selection(condition: Condition) -> Selection {
    Selection { condition, order: Vec::new(), limit: 1000, offset: 0 }
}

#[test]
fn every_condition_selects_the_jobs_for_which_it_holds() {
    let asked = (condition(), keys(), 1u32..9, 0u64..12);
    proptest!(ProptestConfig::with_cases(4), |(all_asked in prop::collection::vec(asked, 100))| {
        crate::on_every_store(async |world: &World| {
            let other = make_function(&*world.store, &world.ids, world.account, "ga").await;
            populate(world, other).await;
            let mut settings = Settings::default();
            settings.grants.models.push("mnist".into());
            let ga = name("ga");
            let granted = world.store.function_configure(world.account, &ga, Settings::default(), settings, at(60));
            assert!(granted.await.expect("it answers").is_some());
            let page = Page { limit: 100, after: None };
            let all = world.store.job_list(world.account, JobFilter::default(), page).await.expect("it answers");
            for (condition, order, limit, offset) in &all_asked {
                let mut expected: Vec<&Job> = all.items.iter().filter(|job| holds(condition, job)).collect();
                expected.sort_by(|one, other| compared(one, other, order));
                let asked = Selection {
                    condition: condition.clone(), order: order.clone(), limit: *limit, offset: *offset,
                };
                let selected = world.store.job_select(world.account, asked.clone()).await.expect("it answers");
                assert_ids(&selected.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), &expected, &asked);
                assert_eq!(selected.total, expected.len() as u64, "{asked:?}");
            }
        });
    });
}

fn assert_ids(selected: &[JobId], expected: &[&Job], asked: &Selection) {
    let (skipped, limit) = (usize::try_from(asked.offset).expect("few"), asked.limit as usize);
    let expected: Vec<JobId> = expected.iter().skip(skipped).take(limit).map(|job| job.id).collect();
    assert_eq!(selected, expected, "{asked:?}");
}

crate::scenarios! {
    ids_are_another_s_neither_and_those_of_the_deleted_are_not_there
}

mod scenarios {
    use super::*;

    pub(super) async fn ids_are_another_s_neither_and_those_of_the_deleted_are_not_there(world: &World) {
        let run = world.submit(3).await;
        let jobs = world.store.job_select(world.account, selection(Condition::All(Vec::new()))).await;
        let jobs = jobs.expect("it answers").jobs;
        assert_eq!(jobs.len(), 3);
        let one = selection(Condition::Id(jobs[1].id));
        assert_eq!(world.store.job_select(world.account, one.clone()).await.expect("it answers").total, 1);
        let others = selection(Condition::IdNot(jobs[1].id));
        assert_eq!(world.store.job_select(world.account, others).await.expect("it answers").total, 2);
        let stranger = skep_domain::model::id::AccountId::from_bytes([9; 16]);
        assert_eq!(world.store.job_select(stranger, one.clone()).await.expect("it answers").total, 0);
        world.store.run_cancel(world.account, run, at(9)).await.expect("it is there");
        assert!(world.store.run_delete(world.account, run).await.expect("it is over"));
        assert_eq!(world.store.job_select(world.account, one).await.expect("it answers").total, 0);
    }
}
