//! What inference took for one invocation, by device.

use std::sync::Arc;

use skep_inference::{Device, DeviceKind, Graph, Served};

use crate::outcome::DeviceUsage;

/// What it took so far.
#[derive(Default)]
pub(crate) struct Inferred {
    devices: Vec<(Arc<Device>, DeviceUsage)>,
}

impl Inferred {
    /// Counts a model that was loaded.
    pub(super) fn loaded(&mut self, graph: &Graph) {
        self.of(graph.device()).load_nanos += graph.load_nanos();
    }

    /// Counts an inference, also one that failed, with the bytes of what it was given and gave.
    pub(super) fn computed(&mut self, served: &Served, tensor_bytes: u64) {
        let usage = self.of(&served.device);
        usage.inferences += 1;
        usage.nanos += served.nanos;
        usage.tensor_bytes += tensor_bytes;
    }

    fn of(&mut self, device: &Arc<Device>) -> &mut DeviceUsage {
        let known = self.devices.iter().position(|(known, _)| known.name == device.name);
        let index = known.unwrap_or_else(|| {
            self.devices.push((device.clone(), DeviceUsage::of(device)));
            self.devices.len() - 1
        });
        &mut self.devices[index].1
    }

    /// Inferences so far.
    pub(super) fn inferences(&self) -> u64 {
        self.devices.iter().map(|(_, usage)| usage.inferences).sum()
    }

    /// Time of all devices so far, in nanoseconds.
    pub(super) fn nanos(&self) -> u64 {
        self.devices.iter().map(|(_, usage)| usage.nanos + usage.load_nanos).sum()
    }

    /// Time of devices of a kind so far, in nanoseconds.
    pub(crate) fn nanos_of(&self, kind: DeviceKind) -> u64 {
        let devices = self.devices.iter().filter(|(device, _)| device.kind == kind);
        devices.map(|(_, usage)| usage.nanos + usage.load_nanos).sum()
    }

    /// What it took of each device.
    pub(crate) fn devices(&self) -> Vec<DeviceUsage> {
        self.devices.iter().map(|(_, usage)| usage.clone()).collect()
    }
}
