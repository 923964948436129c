//! A stage whose turn has come: what its templates come to, and what is made of it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::turning::Turning;
use super::{images, new_plan};
use crate::error::{Code, Error, Result};
use crate::model::id::StageId;
use crate::model::own::Own;
use crate::model::plan::{self, Call, Does, Each, Nested, Script, Stage, StageStatus, Style};
use crate::model::run::{Common, Source};
use crate::port::expressions::Template;
use crate::port::store::NewStage;
use crate::service::input::{self, Place, Request};
use crate::service::runs::new_run;

/// Items whose templates are evaluated at once.
const ITEMS_AT_ONCE: usize = 2000;

/// What the templates of a call come to.
struct Called {
    name: String,
    var: Option<String>,
    is_left_out: bool,
    function: String,
    export: Option<String>,
    arguments: Value,
    env: BTreeMap<String, String>,
    stdin: Option<String>,
    /// Its place in its list, where it is of one.
    index: usize,
}

impl Turning<'_> {
    /// Begins with a stage.
    pub(super) async fn start(&mut self, id: StageId) -> Result<()> {
        let stage = self.definition(id).await?;
        let scope = self.scope(id).await?;
        match &stage.does {
            Does::Call(call) => self.start_call(id, &stage, call, scope).await,
            Does::Plan(plan) => self.start_plan(id, &stage, plan, scope).await,
            Does::Sequence(_) | Does::Parallel(_) | Does::Each(_) => {
                let Some(mut values) = self.begin(id, &stage, scope.clone(), list_of(&stage)).await? else {
                    return Ok(());
                };
                match stage.does {
                    Does::Each(each) => self.start_each(id, *each, scope, values.pop()).await,
                    Does::Sequence(stages) | Does::Parallel(stages) => {
                        self.start_all(id, stages, scope);
                        Ok(())
                    }
                    Does::Call(_) | Does::Plan(_) => unreachable!("they have begun above"),
                }
            }
        }
    }

    /// Evaluates what all stages have, with some templates more. None where the stage is left out.
    async fn begin(
        &mut self,
        id: StageId,
        stage: &Stage,
        scope: Map<String, Value>,
        more: Vec<Template>,
    ) -> Result<Option<Vec<Value>>> {
        let templates = [common_templates(stage, self.style()), more].concat();
        let mut values = self.evaluate(vec![scope], templates).await?.into_iter().flatten();
        let (name, var, is_left_out) = common_values(stage, &mut values)?;
        let changed = self.change(id);
        changed.name = Some(name);
        changed.state.var = var;
        if is_left_out {
            self.finish(id, StageStatus::Skipped, None).await?;
            return Ok(None);
        }
        Ok(Some(values.collect()))
    }

    async fn start_call(
        &mut self,
        id: StageId,
        stage: &Stage,
        call: &Call,
        scope: Map<String, Value>,
    ) -> Result<()> {
        let called = self.called(stage, call, vec![scope]).await?;
        let Some(mut one) = called.into_iter().next() else { return Ok(()) };
        let changed = self.change(id);
        changed.name = Some(one.name.clone());
        // The stage has it; the job needs none.
        changed.state.var = one.var.take();
        if one.is_left_out {
            return self.finish(id, StageStatus::Skipped, None).await;
        }
        self.run(id, call, vec![one], None, false).await
    }

    async fn start_plan(
        &mut self,
        id: StageId,
        stage: &Stage,
        plan: &Nested,
        scope: Map<String, Value>,
    ) -> Result<()> {
        let of_webhooks = plan
            .webhooks
            .iter()
            .flat_map(|hook| [&hook.url].into_iter().chain(hook.headers.values()).chain(&hook.secret));
        let texts = plan.secrets.values().chain(of_webhooks).map(|text| Template::Text(text.clone()));
        let more =
            [Template::Text(plan.head.name.clone()), Template::Json(Value::Object(plan.head.inputs.clone()))];
        let more = more.into_iter().chain(texts).collect();
        let Some(values) = self.begin(id, stage, scope, more).await? else { return Ok(()) };
        let mut values = values.into_iter();
        let mut plan = plan.clone();
        plan.head.name = text(values.next())?;
        if let Some(Value::Object(inputs)) = values.next() {
            plan.head.inputs = inputs;
        }
        let of_webhooks = plan.webhooks.iter_mut().flat_map(|hook| {
            [&mut hook.url].into_iter().chain(hook.headers.values_mut()).chain(&mut hook.secret)
        });
        for filled in plan.secrets.values_mut().chain(of_webhooks) {
            *filled = text(values.next())?;
        }
        plan::check_webhooks(&plan.webhooks, "webhooks", false)?;
        plan.head.style = self.style();
        let is_detached = plan.is_detached;
        let new = new_plan(self.base, &self.caller, plan, Some(id), self.at)?;
        self.plans.push(new);
        if is_detached { self.finish(id, StageStatus::Succeeded, None).await } else { Ok(()) }
    }

    /// Begins with stages that are known already.
    fn start_all(&mut self, id: StageId, stages: Vec<Stage>, scope: Map<String, Value>) {
        let scope = scope_text(scope);
        let part = |(position, stage): (usize, Stage)| NewStage {
            id: self.base.ids.next(self.at),
            parent: Some(id),
            position: position as u32,
            kind: stage.does.kind(),
            stage: Some(stage),
            scope: scope.clone(),
        };
        let parts = stages.into_iter().enumerate().map(part).collect();
        self.divide(id, parts, 0);
    }

    /// Begins with a stage for each item of a list.
    async fn start_each(
        &mut self,
        id: StageId,
        each: Each,
        scope: Map<String, Value>,
        list: Option<Value>,
    ) -> Result<()> {
        let Some(Value::Array(items)) = list else {
            return Err(Error::invalid("each.list does not evaluate to a list"));
        };
        let max = self.base.limits.run_jobs_max;
        if items.len() > max {
            let message = format!("each.list has {} items; {max} are the most", items.len());
            return Err(Error::new(Code::TooLarge, message));
        }
        if items.is_empty() {
            return self.finish(id, StageStatus::Succeeded, None).await;
        }
        let style = self.style();
        let scoped = |(index, value): (usize, Value)| {
            let index = if style == Style::Text { json!(index.to_string()) } else { json!(index) };
            let mut scope = scope.clone();
            scope.insert(each.var.clone(), json!({"index": index, "value": value}));
            scope
        };
        let scopes = items.into_iter().enumerate().map(scoped);
        if let Does::Call(call) = &each.stage.does {
            return self.fan_out(id, &each, call, scopes.collect()).await;
        }
        let kind = each.stage.does.kind();
        let part = |(position, scope)| NewStage {
            id: self.base.ids.next(self.at),
            parent: Some(id),
            position: position as u32,
            kind,
            stage: None,
            scope: scope_text(scope),
        };
        let parts = scopes.enumerate().map(part).collect();
        self.divide(id, parts, each.concurrency.unwrap_or(0));
        Ok(())
    }

    /// A call for each item: the jobs of one run, or of one for each function where the items name several.
    async fn fan_out(
        &mut self,
        id: StageId,
        each: &Each,
        call: &Call,
        mut scopes: Vec<Map<String, Value>>,
    ) -> Result<()> {
        let mut called: Vec<Called> = Vec::new();
        while !scopes.is_empty() {
            let rest = scopes.split_off(scopes.len().min(ITEMS_AT_ONCE));
            let begin = called.len();
            let more = self.called(&each.stage, call, std::mem::replace(&mut scopes, rest)).await?;
            called.extend(more.into_iter().map(|one| Called { index: begin + one.index, ..one }));
        }
        called.retain(|one| !one.is_left_out);
        if called.is_empty() {
            return self.finish(id, StageStatus::Succeeded, None).await;
        }
        let mut by_function: BTreeMap<(String, Option<String>), Vec<Called>> = BTreeMap::new();
        for one in called {
            by_function.entry((one.function.clone(), one.export.clone())).or_default().push(one);
        }
        for calls in by_function.into_values() {
            self.run(id, call, calls, each.concurrency, true).await?;
        }
        Ok(())
    }

    /// What the templates of a call come to, in each round.
    async fn called(
        &mut self,
        stage: &Stage,
        call: &Call,
        rounds: Vec<Map<String, Value>>,
    ) -> Result<Vec<Called>> {
        let mut templates = common_templates(stage, self.style());
        templates.push(Template::Text(call.function.clone()));
        templates.extend(call.export.clone().map(Template::Text));
        templates.push(Template::Json(Value::Array(call.arguments.clone())));
        templates.extend(call.env.values().cloned().map(Template::Text));
        templates.extend(call.stdin.clone().map(Template::Text));
        let read = |(index, values): (usize, Vec<Value>)| {
            let mut values = values.into_iter();
            let (name, var, is_left_out) = common_values(stage, &mut values)?;
            let function = text(values.next())?;
            let export = call.export.as_ref().map(|_| text(values.next())).transpose()?;
            let arguments = values.next().unwrap_or_default();
            let mut env = BTreeMap::new();
            for name in call.env.keys() {
                env.insert(name.clone(), text(values.next())?);
            }
            let stdin = call.stdin.as_ref().map(|_| text(values.next())).transpose()?;
            Ok(Called { name, var, is_left_out, function, export, arguments, env, stdin, index })
        };
        self.evaluate(rounds, templates).await?.into_iter().enumerate().map(read).collect()
    }

    /// A run of calls of one function.
    async fn run(
        &mut self,
        id: StageId,
        call: &Call,
        mut calls: Vec<Called>,
        concurrency: Option<u32>,
        is_each: bool,
    ) -> Result<()> {
        // What is the same for all is kept once; what may hold a secret is sealed with each.
        let is_common = calls.len() == 1 && self.secrets.is_empty();
        let (mut function, export) = (calls[0].function.clone(), calls[0].export.clone());
        if let Some(script) = &call.script {
            function = self.stand_in(function, script, &mut calls).await?;
        }
        let first = &mut calls[0];
        let (env, stdin) = match is_common {
            true => (std::mem::take(&mut first.env), first.stdin.take()),
            false => (BTreeMap::new(), None),
        };
        let (timeout_ms, retry) = (call.timeout_ms, call.retry.clone());
        let common = Common {
            export,
            stdin,
            env,
            timeout_ms,
            retry,
            concurrency,
            priority: call.priority,
            memory_bytes_max: call.memory_bytes_max,
            ..Common::default()
        };
        let raw = |one: &Called| RawValue::from_string(one.arguments.to_string()).map_err(Error::internal);
        let tuples = calls.iter().map(raw).collect::<Result<_>>()?;
        let request = Request { function, version: call.version, common, tuples, trace: None };
        let checked = input::check(self.base, &self.caller, request, Place::Parameters).await?;
        let mut run = new_run(self.base, &self.caller, Source::Plan, checked, call.bid, None);
        run.stage = Some(id);
        let redact: Vec<String> = self.secrets.values().cloned().collect();
        for (job, one) in run.jobs.iter_mut().zip(calls) {
            if !is_common {
                let own = Own { env: one.env, stdin: one.stdin, redact: redact.clone() };
                own.check(self.base.limits.arguments_bytes_max)?;
                job.own = own.to_bytes(|bytes| self.base.credentials.seal(bytes))?;
            }
            if is_each {
                (job.name, job.var) = (Some(one.name), one.var);
            }
        }
        self.runs.push(run);
        Ok(())
    }

    /// The function for an image, which gets what a container would.
    async fn stand_in(&self, image: String, script: &Script, calls: &mut [Called]) -> Result<String> {
        let (function, runner) = images::function_for(self.base, &self.caller, &image, script).await?;
        if let Some(runner) = runner {
            for one in calls {
                let Value::Array(command) = one.arguments.take() else { continue };
                one.arguments = images::arguments(runner, script, command);
            }
        }
        Ok(function)
    }

    /// What a stage is: its own, or the stage of the each that it is a part of.
    async fn definition(&mut self, id: StageId) -> Result<Stage> {
        let gone = || Error::internal("a stage has no definition");
        if let Some(known) = self.definitions.get(&id) {
            return Ok(known.clone());
        }
        let made = self.made(id).map(|made| (made.stage.clone(), made.parent));
        let (own, parent) = match made {
            Some(made) => made,
            None => {
                let parent = self.state(id).await?.parent;
                (self.base.store.stage_definition(id).await?, parent)
            }
        };
        if let Some(stage) = own {
            return Ok(stage);
        }
        let parent = parent.ok_or_else(gone)?;
        let of_parent = match self.made(parent).and_then(|made| made.stage.clone()) {
            Some(stage) => stage,
            None => Box::pin(self.definition(parent)).await?,
        };
        match of_parent.does {
            Does::Each(each) => Ok(each.stage),
            Does::Call(_) | Does::Sequence(_) | Does::Parallel(_) | Does::Plan(_) => Err(gone()),
        }
    }

    /// What a stage's expressions know beside what all know.
    async fn scope(&mut self, id: StageId) -> Result<Map<String, Value>> {
        let scope = &self.state(id).await?.scope;
        scope.as_ref().map_or(Ok(Map::new()), |scope| serde_json::from_str(scope).map_err(Error::internal))
    }
}

/// The templates that all stages have.
fn common_templates(stage: &Stage, style: Style) -> Vec<Template> {
    let mut templates = vec![Template::Text(stage.name.clone())];
    templates.extend(stage.var.clone().map(Template::Text));
    templates.extend(stage.when.clone().map(|when| match style {
        Style::Text => Template::Text(when),
        Style::Json => Template::Value(when),
    }));
    templates
}

/// What they come to: the name, the variable, and whether the stage is left out.
fn common_values(
    stage: &Stage,
    values: &mut impl Iterator<Item = Value>,
) -> Result<(String, Option<String>, bool)> {
    let name = text(values.next())?;
    let var = stage.var.as_ref().map(|_| text(values.next())).transpose()?;
    let is_left_out = match stage.when.as_ref().and_then(|_| values.next()) {
        None | Some(Value::Bool(true)) => false,
        Some(Value::Bool(false) | Value::Null) => true,
        Some(Value::String(text)) => text == "false",
        Some(other) => return Err(Error::invalid(format!("if came to {other}, neither true nor false"))),
    };
    Ok((name, var.filter(|var| !var.is_empty()), is_left_out))
}

fn list_of(stage: &Stage) -> Vec<Template> {
    match &stage.does {
        Does::Each(each) => vec![Template::List(each.list.clone())],
        Does::Call(_) | Does::Sequence(_) | Does::Parallel(_) | Does::Plan(_) => Vec::new(),
    }
}

fn text(value: Option<Value>) -> Result<String> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Error::internal("a template came to no text")),
    }
}

fn scope_text(scope: Map<String, Value>) -> Option<String> {
    if scope.is_empty() { None } else { Some(Value::Object(scope).to_string()) }
}
