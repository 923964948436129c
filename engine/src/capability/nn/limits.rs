//! What one invocation may ask of devices.

use std::time::{Duration, Instant};

use skep_inference::{Code, DeviceKind, Failure, Graph};

use super::Nn;
use super::tensor::Tensor;

impl Nn {
    /// Until when one more inference may take, if there may be one.
    pub(super) fn permit(&self, graph: &Graph, given: &[(String, Tensor)]) -> Result<Instant, Failure> {
        let (limits, control) = (&self.control.limits, &self.control);
        let (inferences, nanos) = {
            let inferred = control.inferred();
            (inferred.inferences(), inferred.nanos())
        };
        if inferences >= limits.inferences_max {
            let message = format!("this call has made its {} inferences", limits.inferences_max);
            return Err(Failure::new(Code::TooLarge, message));
        }
        let bytes = given.iter().map(|(_, tensor)| tensor.data.len() as u64).sum::<u64>();
        if bytes > limits.tensor_bytes_max {
            let message = format!("the inputs have {bytes} bytes, {} are allowed", limits.tensor_bytes_max);
            return Err(Failure::new(Code::TooLarge, message));
        }
        let left = limits.device.saturating_sub(Duration::from_nanos(nanos));
        if left.is_zero() {
            let message = format!("this call has used its {} s of devices", limits.device.as_secs_f64());
            return Err(Failure::new(Code::Timeout, message));
        }
        let left = match graph.device().kind {
            DeviceKind::Cpu => left.min(control.cpu_left()),
            DeviceKind::Gpu => left,
        };
        let now = Instant::now();
        Ok(now.checked_add(left).map_or(control.deadline(), |deadline| deadline.min(control.deadline())))
    }
}
