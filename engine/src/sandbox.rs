//! What a guest's store holds, and the limiter that meters its memory.

use std::sync::Arc;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::control::Control;
use crate::limits::{CORE_INSTANCES_MAX, MEMORIES_MAX, RESOURCES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX};

/// The state of one instance. Nothing in it outlives the call or is shared with another instance.
pub(crate) struct Sandbox {
    pub(crate) control: Arc<Control>,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Sandbox {
    pub(crate) fn new(control: Arc<Control>, wasi: WasiCtx) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        Self { control, wasi, table }
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl ResourceLimiter for Sandbox {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        Ok(self.control.memory_grow(more as u64))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}
