//! The devices of this machine that compute models.

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name here: `cpu`, `gpu0`, `gpu1` and so on.
    pub name: String,
    /// What kind it is.
    pub kind: DeviceKind,
    /// What its maker calls it.
    pub model: String,
    /// Inferences that it computes at once.
    pub lanes: usize,
    /// Bytes of its own memory; none of a processor, which uses the machine's.
    pub memory_bytes: Option<u64>,
}

/// What kind of device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// The machine's processor.
    Cpu,
    /// A graphics card.
    Gpu,
}

impl Device {
    /// The processor of this machine.
    pub(crate) fn processor(lanes: usize) -> Self {
        let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        let model = model.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Self { name: "cpu".into(), kind: DeviceKind::Cpu, model, lanes, memory_bytes: None }
    }
}
