//! tract: ONNX in pure Rust, on the processor. Always there.
//!
//! A model is a stranger's program, and nothing takes memory from tract while it computes. So what an
//! inference will take is found before it runs (see [`appraisal`]), and a model of which that cannot be
//! found is refused when it is loaded.

mod appraisal;
mod convert;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike, EvalContext, bail};
use tract_onnx::tract_core::ops::OpState;
use tract_onnx::tract_core::plan::eval;

use self::appraisal::Appraiser;
use super::{Backend, Bound, Graph};
use crate::failure::{Code, Failure};
use crate::onnx::Onnx;
use crate::signature::{Dim, Port, Signature};
use crate::tensor::Tensor as Given;

/// States that are kept for the next inference: as many as run at once on most machines.
const STATES_MAX: usize = 16;

pub(crate) struct Tract;

/// A model as tract runs it.
struct Model {
    signature: Signature,
    plan: Arc<TypedSimplePlan>,
    /// What its inputs and outputs are for tract.
    types: (Vec<DatumType>, Vec<DatumType>),
    appraiser: Appraiser,
    /// Where inferences keep what they have computed so far, made ready before.
    states: Mutex<Vec<TypedSimpleState>>,
    bytes: u64,
}

/// A model in one file reads no other.
struct NoFiles;

impl ModelDataResolver for NoFiles {
    fn read_bytes_from_path(
        &self,
        _: &mut Vec<u8>,
        _: &std::path::Path,
        _: usize,
        _: Option<usize>,
    ) -> TractResult<()> {
        bail!("a model reads no other file")
    }
}

impl Backend for Tract {
    fn name(&self) -> &'static str {
        "tract"
    }

    fn load(&self, file: &Bytes, onnx: Onnx) -> Result<Box<dyn Graph>, Failure> {
        let plan = guarded(Code::UnsupportedOperation, "this model cannot be loaded", || plan(&onnx))?;
        let appraiser = Appraiser::new(&plan)?;
        let model = plan.model();
        let fact_types = |outlets: &[OutletId]| -> TractResult<Vec<DatumType>> {
            outlets.iter().map(|outlet| Ok(model.outlet_fact(*outlet)?.datum_type)).collect()
        };
        let types = guarded(Code::UnsupportedOperation, "this model cannot be loaded", || {
            Ok((fact_types(model.input_outlets()?)?, fact_types(model.output_outlets()?)?))
        })?;
        let signature = signature(onnx.signature, model)?;
        let bytes = file.len() as u64 + appraiser.weights_bytes();
        Ok(Box::new(Model { signature, plan, types, appraiser, states: Mutex::default(), bytes }))
    }
}

fn plan(onnx: &Onnx) -> TractResult<Arc<TypedSimplePlan>> {
    let mut reader = tract_onnx::onnx();
    reader.provider = Arc::new(NoFiles);
    reader.model_for_proto_model(&onnx.model)?.into_optimized()?.into_runnable()
}

/// What the file leaves open and tract has found.
fn signature(mut said: Signature, model: &TypedModel) -> Result<Signature, Failure> {
    let found = |port: &mut Port, fact: &TypedFact| {
        let dim = |dim: &TDim| match dim.to_usize() {
            Ok(length) => Dim::Fixed(length),
            Err(_) => Dim::Free,
        };
        let dims: Vec<Dim> = fact.shape.iter().map(dim).collect();
        match &mut port.dims {
            None => port.dims = Some(dims),
            Some(known) if known.len() == dims.len() => known
                .iter_mut()
                .zip(dims)
                .filter(|(known, found)| **known == Dim::Free && *found != Dim::Free)
                .for_each(|(known, found)| *known = found),
            Some(_) => {}
        }
    };
    let (inputs, outputs) = (said.inputs.len(), said.outputs.len());
    if (inputs, outputs) != (model.inputs.len(), model.outputs.len()) {
        return Err(Failure::new(
            Code::UnsupportedOperation,
            "its inputs or outputs are not what its file says",
        ));
    }
    for (index, port) in said.inputs.iter_mut().enumerate() {
        found(port, model.input_fact(index).map_err(|error| failed(Code::UnsupportedOperation, "", &error))?);
    }
    for (index, port) in said.outputs.iter_mut().enumerate() {
        found(
            port,
            model.output_fact(index).map_err(|error| failed(Code::UnsupportedOperation, "", &error))?,
        );
    }
    Ok(said)
}

impl Graph for Model {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn run(&self, inputs: Vec<Given>, bound: &Bound<'_>) -> Result<Vec<Given>, Failure> {
        let values = inputs.iter().zip(&self.types.0).map(|(input, ty)| convert::value(input, *ty));
        let values = values.collect::<Result<TVec<TValue>, _>>()?;
        let kept = self.states.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let computed = guarded(Code::RuntimeError, "the model failed", || {
            let mut state = match kept {
                Some(state) => state,
                None => self.plan.spawn()?,
            };
            Ok(self.compute(&mut state, values, bound).map(|values| (values, state)))
        })?;
        // One that failed in the middle is not used again.
        let (values, state) = computed?;
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() < STATES_MAX {
            states.push(state);
        }
        drop(states);
        let outputs = values.into_iter().zip(&self.signature.outputs);
        outputs.map(|(value, port)| convert::tensor(&value, port.ty)).collect()
    }
}

impl Model {
    fn compute(
        &self,
        state: &mut TypedSimpleState,
        inputs: TVec<TValue>,
        bound: &Bound<'_>,
    ) -> Result<TVec<TValue>, Failure> {
        state
            .set_inputs(inputs)
            .map_err(|error| failed(Code::InvalidArgument, "the inputs do not fit each other", &error))?;
        self.appraiser.check(&self.plan, &state.turn_state.resolved_symbols, bound)?;
        let mut over = None;
        let step = |context: &EvalContext<'_>,
                    own: Option<&mut (dyn OpState + 'static)>,
                    node: &TypedNode,
                    values: TVec<TValue>| {
            over = bound.check().err();
            if over.is_some() {
                bail!("it is over");
            }
            eval(context, own, node, values)
        };
        let computed = state.exec_plan_with_eval(step).and_then(|()| state.outputs());
        let outputs = computed.map_err(|error| {
            over.unwrap_or_else(|| failed(Code::RuntimeError, "the model failed", &error))
        })?;
        state.reset_turn().map_err(|error| failed(Code::RuntimeError, "the model failed", &error))?;
        Ok(outputs)
    }
}

/// Runs what a stranger's model leads to, which may panic.
fn guarded<T>(code: Code, what: &str, work: impl FnOnce() -> TractResult<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(code, what, &error)),
        Err(_) => Err(Failure::new(code, format!("{what}: tract gave up on it"))),
    }
}

/// Bytes of what tract says of a failure, which quotes the model.
const MESSAGE_BYTES_MAX: usize = 1000;

fn failed(code: Code, what: &str, error: &TractError) -> Failure {
    let mut message = format!("{what}: {error:#}");
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    Failure::new(code, message)
}
