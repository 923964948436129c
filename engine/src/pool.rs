//! Every number of the runtime's configuration, with what it costs.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use skep_inference::Inference;
use wasmtime::component::Component;
use wasmtime::{Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::capability::http::Block;
use crate::compiler::Compiler;
use crate::error::Error;
use crate::limits::{
    INSTANCE_BYTES_MAX, INSTANCES_MAX, MEMORIES_MAX, STACK_BYTES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX,
};
use crate::runtime::Kind;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that run guests.
    pub threads: usize,
    /// Guests that may live at once; see [`Config::instances_possible`].
    pub instances: u32,
    /// Where compiled code is kept between runs; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// The files that guests find.
    pub files: Filesystem,
    /// Addresses that guests' requests may go to, beside those that the whole world can reach.
    pub egress_blocks: Vec<Block>,
    /// What guests compute models with; without it, a component that imports `wasi:nn` is refused.
    pub inference: Option<Inference>,
    /// In which steps guests' clocks move. A fine clock tells how long the processor took for what is not the
    /// guest's own; 100 µs are what browsers give to pages that they do not isolate.
    pub clock_resolution: Duration,
}

/// The files that guests find.
#[derive(Debug, Clone)]
pub enum Filesystem {
    /// A private directory each, empty at first and gone at the end: for code that nobody trusts.
    Scratch {
        /// Where those go that are too big for memory, without a name.
        directory: PathBuf,
        /// Bytes that all guests' files together may have there.
        disk_bytes_max: u64,
    },
    /// The directories of the host that an invocation grants, and none without.
    Host,
}

/// Bytes of disk for all guests' scratch files, where nothing else is said.
pub const DISK_BYTES_MAX: u64 = 8 << 30;

impl Default for Config {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            instances: Self::instances_possible().clamp(1, 1000),
            cache: None,
            compiler: Compiler::InProcess,
            files: Filesystem::Scratch { directory: std::env::temp_dir(), disk_bytes_max: DISK_BYTES_MAX },
            egress_blocks: Vec::new(),
            inference: None,
            clock_resolution: Duration::from_micros(100),
        }
    }
}

/// Bytes of a slot's memory that stay with the process between two guests.
const RESIDENT_BYTES: usize = 256 << 10;
/// Memory mappings that a place takes: a memory of four parts in the pool of either runtime, where the last guest's
/// stays until the place is used again, and a stack with its guard in both.
const MAPPINGS_PER_PLACE: u32 = 12;
/// Guests for which there are addresses: a memory takes 4 GiB of them and a guard in the pools of both runtimes,
/// and there are 128 TiB.
const ADDRESSABLE: u32 = 12_000;
/// Mappings that the rest of the process needs.
const MAPPINGS_RESERVED: u32 = 4096;

impl Config {
    /// Guests that this machine can hold at once, by `vm.max_map_count` and its addresses.
    pub fn instances_possible() -> u32 {
        let mappings = fs::read_to_string("/proc/sys/vm/max_map_count")
            .ok()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .unwrap_or(65_530);
        (mappings.saturating_sub(MAPPINGS_RESERVED) / MAPPINGS_PER_PLACE).min(ADDRESSABLE)
    }

    /// What `vm.max_map_count` has to be for so many guests at once.
    pub fn mappings_wanted(instances: u32) -> u64 {
        u64::from(instances) * u64::from(MAPPINGS_PER_PLACE) + u64::from(MAPPINGS_RESERVED)
    }

    pub(crate) fn runtime(&self, kind: Kind) -> Result<wasmtime::Config, Error> {
        let possible = Self::instances_possible();
        if self.instances == 0 || self.instances > possible {
            return Err(Error::Machine(format!(
                "a pool of {} instances needs vm.max_map_count of {} (this machine allows {possible} instances); \
                 raise it with sysctl or ask for fewer",
                self.instances,
                Self::mappings_wanted(self.instances),
            )));
        }
        let mut config = kind.code_config();
        config
            // The host functions run on the same stack, above the guest's own.
            .async_stack_size(2 * STACK_BYTES_MAX)
            .memory_init_cow(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(self.instances)));
        Ok(config)
    }
}

/// How many places an instance of a component takes, so that none finds the pool or the machine used up: one for
/// each of its memories. A composition of WASI 0.3 may have a stack for each of its parts, which are as many as its
/// core instances at most.
pub(crate) fn places_of(component: &Component, is_concurrent_composition: bool, instances: u32) -> u32 {
    // What is made of modules that it is given could be of any size; nothing here gives it any.
    let memories = component.resources_required().map_or(MEMORIES_MAX as u32, |needs| needs.num_memories);
    let stacks = if is_concurrent_composition { INSTANCES_MAX as u32 } else { 1 };
    // Where there are fewer than that, it has them all to itself.
    memories.max(stacks).clamp(1, instances)
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    // Counts: as many as every guest may have, so that none can take another's. A guest takes a place for each
    // of its memories. A slot that was never used costs address space only: 4 GiB and guards a memory, 800 KB a
    // table.
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(INSTANCES_MAX as u32))
        .total_memories(instances.max(MEMORIES_MAX as u32))
        .total_tables(instances.saturating_mul(TABLES_MAX as u32))
        .total_stacks(instances.max(INSTANCES_MAX as u32));
    // Sizes. What a component may ask for at most; one past it is refused when it is compiled.
    pool.max_core_instances_per_component(INSTANCES_MAX as u32)
        .max_memories_per_component(MEMORIES_MAX as u32)
        .max_tables_per_component(TABLES_MAX as u32)
        .max_tables_per_module(8)
        .max_memories_per_module(4)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX);
    // Slots are set back by giving their pages to the kernel, 4 at a time: fewer calls, and no more
    // than three guests' memory that is held without use.
    pool.decommit_batch_size(4);
    // But for the first pages, which are written anew: taking them and giving them back costs a fault each,
    // which interrupts every other thread of the process.
    pool.linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_BYTES / 16)
        .pagemap_scan(Enabled::Auto);
    pool
}
