//! What happens to a plan and its stages, for whoever wants to be told.

use rusqlite::{Connection, OptionalExtension};
use skep_domain::Result;
use skep_domain::model::plan::StageStatus;
use skep_domain::model::webhook::{Event, Events};
use skep_domain::port::store::StageState;

use crate::sqlite::internal;
use crate::sqlite::webhooks::{Listeners, of_stage};

/// Who wants to be told of a plan. Nearly always nobody does, and nothing is read.
pub(super) struct Telling {
    plan: [u8; 16],
    wanted: Events,
    listeners: Option<Listeners>,
}

impl Telling {
    pub(super) fn of(connection: &Connection, plan: i64) -> Result<Self> {
        const SQL: &str = "SELECT id, account, listed, hooked FROM plans WHERE key = ?";
        let mut select = connection.prepare_cached(SQL).map_err(internal)?;
        let row = select.query_row([plan], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        let (id, account, is_listed, hooked): ([u8; 16], i64, bool, u32) = row.map_err(internal)?;
        if hooked == 0 {
            return Ok(Self { plan: id, wanted: Events::default(), listeners: None });
        }
        let listeners = Listeners::of(connection, account, is_listed, Some(plan))?;
        Ok(Self { plan: id, wanted: listeners.events(), listeners: Some(listeners) })
    }

    /// Something happened to the plan.
    pub(super) fn plan(&mut self, connection: &Connection, event: Event, at: i64) -> Result<()> {
        self.note(connection, event, self.plan, at)
    }

    /// A stage is going to be as this says.
    pub(super) fn stage(&mut self, connection: &Connection, to: &StageState, at: i64) -> Result<()> {
        if !self.wanted.has_any(Events::of_plans()) {
            return Ok(());
        }
        const SQL: &str = "SELECT status, over FROM stages WHERE id = ?";
        let mut select = connection.prepare_cached(SQL).map_err(internal)?;
        let from = select.query_row([to.id.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional();
        let (status, over): (u8, u32) = from.map_err(internal)?.unwrap_or((StageStatus::Waiting.number(), 0));
        // The stage that goes through the first level is the plan itself.
        if to.parent.is_none() {
            return if to.over > over { self.plan(connection, Event::PlanProgressed, at) } else { Ok(()) };
        }
        if to.status.number() == status {
            return Ok(());
        }
        // It began and ended in one turn.
        let has_passed = status == StageStatus::Waiting.number()
            && !matches!(to.status, StageStatus::Running | StageStatus::Skipped);
        if has_passed {
            self.note(connection, Event::StageStarted, to.id.to_bytes(), at)?;
        }
        of_stage(to.status).map_or(Ok(()), |event| self.note(connection, event, to.id.to_bytes(), at))
    }

    pub(super) fn note(
        &mut self,
        connection: &Connection,
        event: Event,
        subject: [u8; 16],
        at: i64,
    ) -> Result<()> {
        match &mut self.listeners {
            Some(listeners) if self.wanted.has(event) => listeners.tell(connection, event, subject, at),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        self.listeners.map_or(Ok(()), |listeners| listeners.write(connection))
    }
}
