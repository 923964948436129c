//! Plans and stages: wire to domain, and back.

use serde_json::value::RawValue;
use skep_domain::model::money::Nanodollars;
use skep_domain::model::plan::{Call, Does, Each, Head, Nested, Plan, Stage, Staged};
use skep_domain::model::time::Millis;
use skep_domain::model::webhook::Hook;
use skep_domain::service::plans::Submission;
use skep_domain::{Error, Result};

use crate::v1::model::plans::{
    CallBody, EachBody, NestedBody, PlanBody, PlanView, StageBody, StageRunView, StageView,
};
use crate::v1::model::webhooks::WebhookBody;
use crate::v1::{map, webhooks};

/// What an each knows its item as where it does not say.
const ITEM: &str = "item";

pub(in crate::v1) fn submission(body: PlanBody) -> Result<Submission> {
    let head = Head {
        name: body.name,
        description: body.description,
        tags: body.tags.unwrap_or_default(),
        labels: body.labels.unwrap_or_default(),
        inputs: body.inputs.unwrap_or_default(),
        output: body.output,
        kept_ms: body.kept_ms,
        ..Head::default()
    };
    let plan = Nested {
        head,
        secrets: body.secrets.unwrap_or_default(),
        webhooks: hooks(body.webhooks, "")?,
        is_detached: false,
        stages: stages(body.stages, "stages")?,
    };
    Ok(Submission { plan, run_at: body.run_at.map(Millis) })
}

fn hooks(bodies: Option<Vec<WebhookBody>>, at: &str) -> Result<Vec<Hook>> {
    let hook = |(index, body)| {
        webhooks::views::hook(body).map_err(|error| error.field(format!("{at}webhooks[{index}].events")))
    };
    bodies.unwrap_or_default().into_iter().enumerate().map(hook).collect()
}

fn stages(bodies: Vec<StageBody>, at: &str) -> Result<Vec<Stage>> {
    bodies.into_iter().enumerate().map(|(index, body)| stage_of(body, &format!("{at}[{index}]"))).collect()
}

fn stage_of(body: StageBody, at: &str) -> Result<Stage> {
    let does = [
        body.call.map(|call| call_of(call, &format!("{at}.call")).map(|call| Does::Call(Box::new(call)))),
        body.sequence.map(|parts| stages(parts, &format!("{at}.sequence")).map(Does::Sequence)),
        body.parallel.map(|parts| stages(parts, &format!("{at}.parallel")).map(Does::Parallel)),
        body.each.map(|each| each_of(each, &format!("{at}.each"))),
        body.plan.map(|plan| nested(plan, &format!("{at}.plan")).map(|plan| Does::Plan(Box::new(plan)))),
    ];
    let mut does = does.into_iter().flatten();
    let (Some(first), None) = (does.next(), does.next()) else {
        let message = format!("{at} must have exactly one of call, sequence, parallel, each and plan");
        return Err(Error::invalid(message).field(at));
    };
    Ok(Stage { name: body.name, when: body.when, var: body.var, noted: None, does: first? })
}

fn call_of(body: CallBody, at: &str) -> Result<Call> {
    let price = body.bid_price.as_ref().map(|price| price.get()).filter(|price| *price != "null");
    let price = price.map(|price| Nanodollars::parse(&format!("{at}.bidPrice"), price.trim_matches('"')));
    Ok(Call {
        function: body.function,
        version: body.version,
        export: body.export,
        arguments: body.arguments.unwrap_or_default(),
        env: body.env.unwrap_or_default(),
        stdin: body.stdin,
        timeout_ms: body.timeout_ms,
        retry: body.retry,
        bid: price.transpose()?,
        priority: body.priority.unwrap_or(0),
        memory_bytes_max: body.memory_bytes_max,
        script: None,
    })
}

fn each_of(body: EachBody, at: &str) -> Result<Does> {
    let stage = stage_of(*body.stage, &format!("{at}.stage"))?;
    let var = body.var.unwrap_or_else(|| ITEM.to_owned());
    Ok(Does::Each(Box::new(Each { list: body.list, var, concurrency: body.concurrency, stage })))
}

fn nested(body: NestedBody, at: &str) -> Result<Nested> {
    let head = Head {
        name: body.name,
        description: body.description,
        inputs: body.inputs.unwrap_or_default(),
        output: body.output,
        ..Head::default()
    };
    Ok(Nested {
        head,
        secrets: body.secrets.unwrap_or_default(),
        webhooks: hooks(body.webhooks, &format!("{at}."))?,
        is_detached: body.detached.unwrap_or(false),
        stages: stages(body.stages, &format!("{at}.stages"))?,
    })
}

pub(in crate::v1) fn plan(plan: Plan) -> PlanView {
    PlanView {
        plan_id: plan.id.to_string(),
        parent_id: plan.parent.map(|id| id.to_string()),
        schedule_id: plan.schedule.map(|id| id.to_string()),
        status: plan.status.name(),
        num_stages: plan.total,
        stages_over: plan.over,
        progress: plan.progress(),
        name: plan.head.name,
        description: plan.head.description,
        tags: plan.head.tags,
        labels: plan.head.labels,
        inputs: plan.head.inputs,
        secrets: plan.secrets,
        error: plan.error,
        result: plan.result.and_then(|json| RawValue::from_string(json).ok()),
        cost_nanodollars: plan.cost.0,
        run_at: plan.run_at.map(|at| at.0),
        created_at: plan.created_at.0,
        started_at: plan.started_at.map(|at| at.0),
        completed_at: plan.completed_at.map(|at| at.0),
    }
}

pub(in crate::v1) fn stage(staged: Staged) -> StageView {
    let run = |(id, counts): &(skep_domain::model::id::RunId, _)| StageRunView {
        run_id: id.to_string(),
        counts: map::counts(counts),
    };
    StageView {
        stage_id: staged.id.to_string(),
        parent_id: staged.parent.map(|id| id.to_string()),
        index: staged.position,
        name: staged.name,
        kind: staged.kind.name(),
        status: staged.status.name(),
        runs: staged.runs.iter().map(run).collect(),
        plan_id: staged.plan.map(|id| id.to_string()),
        error: staged.error,
        started_at: staged.started_at.map(|at| at.0),
        completed_at: staged.completed_at.map(|at| at.0),
    }
}
