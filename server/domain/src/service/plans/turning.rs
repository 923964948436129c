//! One turn of a plan: everything that follows from its news, decided here and written at once.
//!
//! The store says of which stages there is news: one whose turn has come, one whose run or plan is over, one with
//! parts that are still to have their turn. From these, what follows is worked off, up to the stages that begin next.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use futures_util::future::OptionFuture;
use serde_json::{Map, Value};

use super::{is_of_the_plan, known, opened};
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::attempt::Output;
use crate::model::id::StageId;
use crate::model::job::Status;
use crate::model::plan::{Kind, Names, Stage, StageStatus, Style, VARIABLES_BYTES_MAX};
use crate::model::time::Millis;
use crate::port::expressions::{Evaluation, Template};
use crate::port::store::{Begun, Came, Changed, End, NewPlan, NewRun, NewStage, StageState, Turn};
use crate::service::on_behalf_of;
use crate::tasks::Wake;

/// Stages that one turn begins; the next goes on with others.
const STARTS_MAX: usize = 200;

/// What is still to be done in a turn.
enum Todo {
    /// There is news of a stage.
    Look(StageId),
    /// A stage's turn has come.
    Start(StageId),
    /// A part of a stage is over, or may begin.
    GoOn(StageId),
}

/// A turn, as far as it has been decided.
pub(super) struct Turning<'a> {
    pub(super) base: &'a Arc<Base>,
    pub(super) caller: Caller,
    pub(super) begun: Begun,
    pub(super) at: Millis,
    pub(super) secrets: BTreeMap<String, String>,
    stages: HashMap<StageId, Changed>,
    /// What was read with the news: what has become of what stages made, and what comes next in sequences.
    came: HashMap<StageId, Came>,
    next: HashMap<(StageId, u32), StageState>,
    pub(super) definitions: HashMap<StageId, Stage>,
    /// Where the parts of a stage begin that are made in this turn.
    parts_of: HashMap<StageId, usize>,
    pub(super) parts: Vec<NewStage>,
    pub(super) runs: Vec<NewRun>,
    pub(super) plans: Vec<NewPlan>,
    variables: BTreeMap<String, String>,
    collected: Vec<StageId>,
    end: Option<End>,
    todo: VecDeque<Todo>,
    started: usize,
}

impl<'a> Turning<'a> {
    /// Takes a turn of a plan, whose account is still there. Says whether there may be more to do at once.
    pub(super) async fn take(base: &'a Arc<Base>, begun: Begun) -> Result<bool> {
        let Some(caller) = on_behalf_of(base, begun.plan.account).await? else { return Ok(false) };
        let secrets = opened(base, begun.sealed.as_ref())?;
        let mut turning = Self {
            base,
            caller,
            at: base.clock.now(),
            secrets,
            stages: HashMap::new(),
            came: HashMap::new(),
            next: HashMap::new(),
            definitions: HashMap::new(),
            parts_of: HashMap::new(),
            parts: Vec::new(),
            runs: Vec::new(),
            plans: Vec::new(),
            variables: BTreeMap::new(),
            collected: Vec::new(),
            end: None,
            todo: begun.news.iter().map(|state| Todo::Look(state.id)).collect(),
            started: 0,
            begun,
        };
        turning.know();
        turning.work().await?;
        turning.write().await
    }

    /// Takes in what was read with the news.
    fn know(&mut self) {
        self.came = std::mem::take(&mut self.begun.came).into_iter().collect();
        for (state, stage) in std::mem::take(&mut self.begun.next) {
            self.definitions.extend(stage.map(|stage| (state.id, stage)));
            if let Some(parent) = state.parent {
                self.next.insert((parent, state.position), state);
            }
        }
        let states = [std::mem::take(&mut self.begun.news), std::mem::take(&mut self.begun.parents)];
        states.into_iter().flatten().for_each(|state| self.keep(state));
    }

    async fn work(&mut self) -> Result<()> {
        while let Some(todo) = self.todo.pop_front() {
            match todo {
                Todo::Look(id) => self.look(id).await?,
                Todo::Start(id) => self.start_or_fail(id).await?,
                Todo::GoOn(id) => self.go_on(id).await?,
            }
            if self.end.is_some() {
                break;
            }
        }
        Ok(())
    }

    async fn write(self) -> Result<bool> {
        let plan = &self.begun.plan;
        let (id, has_ended) = (plan.id, self.end.is_some());
        let has_runs = !self.runs.is_empty();
        let is_unfinished = self.stages.values().any(|changed| changed.again);
        let turn = Turn {
            plan: id,
            revision: self.begun.revision,
            at: self.at,
            stages: self.stages.into_values().collect(),
            parts: self.parts,
            runs: self.runs,
            plans: self.plans,
            variables: self.variables.into_iter().collect(),
            collected: self.collected,
            end: self.end,
        };
        // The store keeps the order in which it is asked: the claim that this wakes finds the turn's jobs, and mostly
        // shares its commit.
        let wake = async { self.base.tasks.wake(Wake::Dispatch) };
        let wake = OptionFuture::from(has_runs.then_some(wake));
        let (written, _) = futures_util::future::join(self.base.store.plan_turn(turn), wake).await;
        let written = written?;
        if written {
            if has_ended {
                // What it had under way ends with it.
                self.base.tasks.wake(Wake::Cancel);
                self.base.tasks.wake(Wake::Reap);
            }
            self.base.tasks.wake(Wake::Webhooks);
            self.base.signals.tell(id.to_u128());
        }
        Ok(!written || is_unfinished)
    }

    async fn look(&mut self, id: StageId) -> Result<()> {
        let state = self.state(id).await?;
        match (state.status, state.kind) {
            (StageStatus::Waiting, _) => self.todo.push_back(Todo::Start(id)),
            (StageStatus::Running, Kind::Call | Kind::Plan) => self.see(id).await?,
            // All its items are jobs of its runs.
            (StageStatus::Running, Kind::Each) if state.total == 0 => self.see(id).await?,
            (StageStatus::Running, Kind::Each | Kind::Sequence | Kind::Parallel) => {
                self.todo.push_back(Todo::GoOn(id));
            }
            (
                StageStatus::Skipped | StageStatus::Succeeded | StageStatus::Failed | StageStatus::Cancelled,
                _,
            ) => {}
        }
        Ok(())
    }

    /// Sees what has become of what a stage made.
    async fn see(&mut self, id: StageId) -> Result<()> {
        let came = match self.came.remove(&id) {
            Some(came) => came,
            None => self.base.store.stage_came(id).await?,
        };
        match came {
            Came::Nothing => Ok(()),
            Came::Well(output) => {
                let state = self.state(id).await?;
                // The variables of its items are written first: what comes next may ask for them.
                if state.kind == Kind::Each && state.over == 0 {
                    self.collected.push(id);
                    let changed = self.change(id);
                    (changed.state.over, changed.again) = (1, true);
                    return Ok(());
                }
                self.finish(id, StageStatus::Succeeded, output).await
            }
            Came::Failed(why) => self.fail(id, why).await,
            Came::Cancelled => self.end_at(id, StageStatus::Cancelled, Status::Cancelled, None).await,
        }
    }

    /// Begins with a stage; where that cannot be done, the stage has failed.
    async fn start_or_fail(&mut self, id: StageId) -> Result<()> {
        self.state(id).await?;
        self.change(id).state.status = StageStatus::Running;
        match self.start(id).await {
            Err(error) if is_of_the_plan(&error) => self.fail(id, error.to_string()).await,
            started => started,
        }
    }

    /// Lets the parts of a stage have their turn, or ends it after the last.
    async fn go_on(&mut self, id: StageId) -> Result<()> {
        loop {
            let state = self.state(id).await?.clone();
            if state.status != StageStatus::Running {
                return Ok(());
            }
            if state.over == state.total {
                return self.finish(id, StageStatus::Succeeded, None).await;
            }
            let bound = match (state.kind, state.concurrency) {
                (Kind::Sequence, _) => 1,
                (_, 0) => u32::MAX,
                (_, bound) => bound,
            };
            if state.begun == state.total || state.begun - state.over >= bound {
                return Ok(());
            }
            if self.started >= STARTS_MAX {
                self.change(id).again = true;
                return Ok(());
            }
            self.started += 1;
            self.change(id).state.begun += 1;
            let part = self.part(id, state.begun).await?;
            self.todo.push_back(Todo::Start(part));
        }
    }

    /// A stage is over and did not fail. Its parent goes on, or the plan has ended.
    pub(super) async fn finish(
        &mut self,
        id: StageId,
        status: StageStatus,
        output: Option<Output>,
    ) -> Result<()> {
        self.state(id).await?;
        let changed = self.change(id);
        changed.state.status = status;
        let (parent, var) = (changed.state.parent, changed.state.var.clone());
        if let (Some(var), StageStatus::Succeeded, true) = (var, status, output.is_some() || self.is_text()) {
            let value = value_of(output.unwrap_or(Output::None), self.style());
            if let Err(error) = self.set(var, &value) {
                return self.fail(id, error.to_string()).await;
            }
        }
        match parent {
            Some(parent) => {
                self.state(parent).await?;
                self.change(parent).state.over += 1;
                self.todo.push_back(Todo::GoOn(parent));
            }
            None => self.end = Some(self.output().await?),
        }
        Ok(())
    }

    /// A stage failed, and its plan with it.
    async fn fail(&mut self, id: StageId, why: String) -> Result<()> {
        self.end_at(id, StageStatus::Failed, Status::Failed, Some(why)).await
    }

    async fn end_at(
        &mut self,
        id: StageId,
        status: StageStatus,
        of_plan: Status,
        error: Option<String>,
    ) -> Result<()> {
        let mut next = Some(id);
        while let Some(id) = next {
            next = self.state(id).await?.parent;
            self.change(id).state.status = status;
        }
        self.change(id).error.clone_from(&error);
        self.end = Some(End { status: of_plan, error, result: None });
        Ok(())
    }

    /// What the plan comes to, once all its stages are over.
    async fn output(&mut self) -> Result<End> {
        let well = |result| End { status: Status::Succeeded, error: None, result };
        let Some(output) = self.begun.plan.head.output.clone() else { return Ok(well(None)) };
        let template = match self.style() {
            Style::Text => Template::Text(output),
            Style::Json => Template::Json(Value::String(output)),
        };
        match self.evaluate(vec![Map::new()], vec![template]).await {
            Ok(values) => Ok(well(values.into_iter().flatten().next().map(|value| value.to_string()))),
            Err(error) if is_of_the_plan(&error) => {
                Ok(End { status: Status::Failed, error: Some(error.to_string()), result: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Sets a variable.
    fn set(&mut self, name: String, value: &Value) -> Result<()> {
        let text = value.to_string();
        let bytes: usize = self.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if self.begun.variables_bytes + (bytes + name.len() + text.len()) as u64 > VARIABLES_BYTES_MAX {
            let message = format!("the variables of a plan may have {VARIABLES_BYTES_MAX} bytes together");
            return Err(Error::new(Code::TooLarge, message));
        }
        self.variables.insert(name, text);
        Ok(())
    }

    /// Evaluates templates in each round. What has no expression in it comes to itself.
    pub(super) async fn evaluate(
        &self,
        rounds: Vec<Map<String, Value>>,
        templates: Vec<Template>,
    ) -> Result<Vec<Vec<Value>>> {
        let plain = templates.iter().map(|template| match template {
            Template::Text(text) if template.is_plain() => Some(Value::String(text.clone())),
            Template::Json(value) if template.is_plain() => Some(value.clone()),
            Template::Text(_) | Template::Json(_) | Template::Value(_) | Template::List(_) => None,
        });
        let plain: Vec<Option<Value>> = plain.collect();
        let asked: Vec<Template> = templates.into_iter().filter(|template| !template.is_plain()).collect();
        if asked.is_empty() {
            let row: Vec<Value> = plain.into_iter().flatten().collect();
            return Ok(vec![row; rounds.len()]);
        }
        let context = self.context(&asked).await?;
        let evaluation = Evaluation { context, rounds, templates: asked, style: self.style() };
        let answered = self.base.expressions.evaluate(&self.caller, evaluation).await?;
        let join = |values: Vec<Value>| {
            let mut values = values.into_iter();
            let all = plain.iter().map(|plain| plain.clone().or_else(|| values.next()));
            all.collect::<Option<Vec<Value>>>().ok_or_else(|| Error::internal("a value is missing"))
        };
        answered.into_iter().map(join).collect()
    }

    /// What the expressions in some templates know.
    async fn context(&self, templates: &[Template]) -> Result<Map<String, Value>> {
        let texts: Vec<String> = templates
            .iter()
            .map(|template| match template {
                Template::Text(text) | Template::Value(text) | Template::List(text) => text.clone(),
                Template::Json(value) => value.to_string(),
            })
            .collect();
        let names = Names::of(texts.iter().map(String::as_str));
        let mut variables = Map::new();
        if !names.is_empty() {
            let read = match &self.begun.variables {
                Some(few) => few.clone(),
                None => self.base.store.plan_variables(self.begun.plan.id, names.clone()).await?,
            };
            let named = read.iter().filter(|(name, _)| names.has(name));
            for (name, value) in named.chain(&self.variables) {
                variables.insert(name.clone(), serde_json::from_str(value).map_err(Error::internal)?);
            }
        }
        Ok(known(&self.begun.plan, &self.secrets, variables))
    }

    pub(super) fn style(&self) -> Style {
        self.begun.plan.head.style
    }

    fn is_text(&self) -> bool {
        self.style() == Style::Text
    }

    /// A stage of the plan, as this turn has it.
    pub(super) async fn state(&mut self, id: StageId) -> Result<&StageState> {
        if !self.stages.contains_key(&id) {
            let state = self.base.store.stage_state(id).await?;
            self.keep(state.ok_or_else(|| Error::internal("a stage of a plan is gone"))?);
        }
        Ok(&self.stages[&id].state)
    }

    /// A stage that this turn has read, to be changed.
    pub(super) fn change(&mut self, id: StageId) -> &mut Changed {
        self.stages.get_mut(&id).expect("whoever changes a stage has read it")
    }

    fn keep(&mut self, state: StageState) {
        let changed = Changed { name: None, error: None, again: false, state };
        self.stages.entry(changed.state.id).or_insert(changed);
    }

    /// Makes the parts of a stage.
    pub(super) fn divide(&mut self, id: StageId, parts: Vec<NewStage>, concurrency: u32) {
        self.parts_of.insert(id, self.parts.len());
        let state = &mut self.change(id).state;
        (state.total, state.concurrency) = (parts.len() as u32, concurrency);
        self.parts.extend(parts);
        self.todo.push_back(Todo::GoOn(id));
    }

    /// The part of a stage at a place.
    async fn part(&mut self, id: StageId, position: u32) -> Result<StageId> {
        if let Some(first) = self.parts_of.get(&id) {
            let part = &self.parts[first + position as usize];
            let state = StageState {
                id: part.id,
                parent: Some(id),
                position,
                kind: part.kind,
                status: StageStatus::Waiting,
                total: 0,
                begun: 0,
                over: 0,
                concurrency: 0,
                var: None,
                scope: part.scope.clone(),
                news: 0,
            };
            let id = state.id;
            self.keep(state);
            return Ok(id);
        }
        let state = match self.next.remove(&(id, position)) {
            Some(state) => Some(state),
            None => self.base.store.stage_part(id, position).await?,
        };
        let state = state.ok_or_else(|| Error::internal("a part of a stage is gone"))?;
        let id = state.id;
        self.keep(state);
        Ok(id)
    }

    /// What a stage is, if it is made in this turn.
    pub(super) fn made(&self, id: StageId) -> Option<&NewStage> {
        self.parts.iter().find(|part| part.id == id)
    }
}

/// A result, as expressions know it.
fn value_of(output: Output, style: Style) -> Value {
    match (output, style) {
        (Output::None, Style::Json) => Value::Null,
        (Output::None, Style::Text) => Value::String(String::new()),
        (Output::Text(text), _) | (Output::Json(text), Style::Text) => Value::String(text),
        (Output::Json(text), Style::Json) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}
