//! What a guest's store holds, and the limiter that meters its memory.

use std::sync::Arc;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::capability::files::{self, Files};
use crate::capability::http::Hooks;
use crate::capability::nn::{self, Nn};
use crate::control::Control;
use crate::limits::{ENTRIES_PER_HANDLE, MEMORIES_MAX, TABLE_ELEMENT_BYTES, TABLES_MAX};

/// The state of one instance. Nothing in it outlives the call or is shared with another instance.
pub(crate) struct Sandbox {
    pub(crate) control: Arc<Control>,
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
    /// Where the guest is a module of preview1.
    pub(crate) preview1: Option<WasiP1Ctx>,
    /// None where guests see directories of the host instead.
    pub(crate) files: Option<Files>,
    /// None where there is no inference.
    nn: Option<Nn>,
}

impl Sandbox {
    pub(crate) fn new(
        control: Arc<Control>,
        wasi: WasiCtx,
        (files, nn): (Option<Files>, Option<Nn>),
        hooks: Hooks,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(control.limits.resources_max as usize * ENTRIES_PER_HANDLE);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(
            usize::try_from(control.limits.http_fields_bytes_max).unwrap_or(usize::MAX),
        );
        Self { control, wasi, table, http, hooks, preview1: None, files, nn }
    }

    /// Counts bytes that the host is about to hold for this guest's HTTP.
    pub(crate) fn hold(&mut self, bytes: u64) -> wasmtime::Result<WasiHttpCtxView<'_>> {
        self.hooks.held.add(bytes, &self.control, &mut self.table)?;
        Ok(self.http())
    }

    pub(crate) fn files(&mut self) -> files::View<'_> {
        let files = self.files.as_ref().expect("linked only where there are scratch files");
        files::View { files, table: &mut self.table }
    }

    pub(crate) fn nn(&mut self) -> nn::View<'_> {
        let nn = self.nn.as_ref().expect("linked only where there is inference");
        nn::View { nn, table: &mut self.table }
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
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
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let fits = desired as u64 <= self.control.limits.table_elements_max;
        Ok(fits && self.control.memory_grow(more.saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn instances(&self) -> usize {
        self.control.limits.instances_max as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}
