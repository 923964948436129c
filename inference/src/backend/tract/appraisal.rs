//! What an inference will take, found from the shapes of its inputs alone before anything is computed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{Cost, SymbolValues};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::scan::OptScan;

use super::super::Bound;
use crate::failure::{Code, Failure};

/// Combinations of lengths of which the appraisal is kept. Each costs about 100 bytes.
const KEPT_MAX: usize = 1024;
/// How deep loops of a model may nest.
const NESTING_MAX: usize = 4;
/// Multiplications of one operator that cannot be stopped in the middle: 10 s of one core, about.
const STEP_MULTIPLICATIONS_MAX: u64 = 200_000_000_000;

/// Appraises the inferences of one model.
pub(super) struct Appraiser {
    /// The lengths that inputs leave free.
    symbols: Vec<Symbol>,
    /// In which order what is computed, and after which step nobody needs a node's outputs any more.
    steps: Vec<Step>,
    weights_bytes: u64,
    kept: Mutex<HashMap<Vec<i64>, Taken>>,
}

struct Step {
    node: usize,
    over: Vec<usize>,
}

/// What an inference takes.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    /// Bytes of all that is computed and still needed, at its most.
    peak_bytes: u64,
    /// Multiplications of the operator that has most of them.
    step_multiplications: u64,
}

impl Appraiser {
    /// Checks that a model can be appraised.
    pub(super) fn new(plan: &Arc<TypedSimplePlan>) -> Result<Self, Failure> {
        let model = plan.model();
        let mut symbols: Vec<Symbol> = model
            .inputs
            .iter()
            .flat_map(|input| model.nodes[input.node].outputs[input.slot].fact.shape.iter())
            .flat_map(TDim::symbols)
            .collect();
        symbols.sort();
        symbols.dedup();
        check(model, &symbols, 0)?;
        let consts = model.nodes.iter().filter_map(|node| node.op_as::<Const>());
        let weights_bytes = consts.map(|weights| weights.val().as_bytes().len() as u64).sum();
        let steps = steps(model, plan.order_without_consts());
        Ok(Self { symbols, steps, weights_bytes, kept: Mutex::default() })
    }

    /// Bytes of what the model has learnt.
    pub(super) fn weights_bytes(&self) -> u64 {
        self.weights_bytes
    }

    /// Refuses an inference that would take too much.
    pub(super) fn check(
        &self,
        plan: &Arc<TypedSimplePlan>,
        values: &SymbolValues,
        bound: &Bound<'_>,
    ) -> Result<(), Failure> {
        let key: Vec<i64> = self.symbols.iter().map(|symbol| values.get(symbol).unwrap_or(-1)).collect();
        let known = self.kept().get(&key).copied();
        let taken = known.unwrap_or_else(|| {
            let taken = self.appraise(plan.model(), values);
            let mut kept = self.kept();
            // Whoever tries all lengths there are finds each appraised anew, and takes no memory.
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(key, taken);
            taken
        });
        if taken.peak_bytes > bound.memory_bytes_max {
            let (needed, most) = (taken.peak_bytes, bound.memory_bytes_max);
            let message = format!("this inference takes {needed} bytes of memory, {most} are allowed");
            return Err(Failure::new(Code::TooLarge, message));
        }
        if taken.step_multiplications > STEP_MULTIPLICATIONS_MAX {
            let message = format!(
                "one operator of this inference takes {} multiplications, {STEP_MULTIPLICATIONS_MAX} are allowed",
                taken.step_multiplications
            );
            return Err(Failure::new(Code::TooLarge, message));
        }
        Ok(())
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<i64>, Taken>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn appraise(&self, model: &TypedModel, values: &SymbolValues) -> Taken {
        let mut taken = Taken::default();
        let mut live = 0_u64;
        let outputs = |node: usize| outputs_bytes(&model.nodes[node], values);
        for step in &self.steps {
            let node = &model.nodes[step.node];
            live = live.saturating_add(outputs(step.node));
            let inside = nested(node).map_or(0, |body| body_bytes(body, values, 0));
            taken.peak_bytes = taken.peak_bytes.max(live.saturating_add(inside));
            taken.step_multiplications =
                taken.step_multiplications.max(multiplications(model, node, values, 0));
            for over in &step.over {
                live = live.saturating_sub(outputs(*over));
            }
        }
        taken
    }
}

/// Refuses a model of which some length depends on more than the lengths of its inputs.
fn check(model: &TypedModel, known: &[Symbol], depth: usize) -> Result<(), Failure> {
    for node in &model.nodes {
        let lengths = node.outputs.iter().flat_map(|output| output.fact.shape.iter()).flat_map(TDim::symbols);
        if lengths.into_iter().any(|symbol| !known.contains(&symbol)) {
            let message = format!(
                "how much the operator {} ({}) gives depends on what it is given, so that what it takes has no bound",
                node.name,
                node.op.name()
            );
            return Err(Failure::new(Code::UnsupportedOperation, message));
        }
        if let Some(body) = nested(node) {
            if depth == NESTING_MAX {
                let message = format!("its loops nest deeper than {NESTING_MAX}");
                return Err(Failure::new(Code::UnsupportedOperation, message));
            }
            let mut inner = known.to_vec();
            inner.extend(
                body.inputs
                    .iter()
                    .flat_map(|input| body.nodes[input.node].outputs[input.slot].fact.shape.iter())
                    .flat_map(TDim::symbols),
            );
            check(body, &inner, depth + 1)?;
        }
    }
    Ok(())
}

/// The body of a loop.
fn nested(node: &TypedNode) -> Option<&TypedModel> {
    node.op_as::<OptScan>().map(|scan| scan.plan.model())
}

/// After which step a node's outputs are not needed any more.
fn steps(model: &TypedModel, order: &[usize]) -> Vec<Step> {
    let mut last_use: HashMap<usize, usize> = HashMap::new();
    for (index, node) in order.iter().enumerate() {
        last_use.insert(*node, index);
        for input in &model.nodes[*node].inputs {
            last_use.insert(input.node, index);
        }
    }
    let mut steps: Vec<Step> = order.iter().map(|node| Step { node: *node, over: Vec::new() }).collect();
    let kept: Vec<usize> = model.outputs.iter().map(|output| output.node).collect();
    for (node, step) in last_use {
        if !kept.contains(&node) && !model.nodes[node].op_is::<Const>() {
            steps[step].over.push(node);
        }
    }
    steps
}

/// Bytes of what a node gives, with what a kernel has packed for another. What has no length that is known is too
/// large for anything.
fn outputs_bytes(node: &TypedNode, values: &SymbolValues) -> u64 {
    let bytes = |fact: &TypedFact| {
        let size = fact.datum_type.size_of() as u64;
        let plain = fact.shape.iter().fold(size, |bytes, dim| bytes.saturating_mul(length(dim, values)));
        let packed = fact.exotic_fact().into_iter().flat_map(|packed| packed.buffer_sizes());
        packed.fold(plain, |sum, size| sum.saturating_add(length(&size, values)))
    };
    node.outputs.iter().fold(0, |sum, output| sum.saturating_add(bytes(&output.fact)))
}

fn length(dim: &TDim, values: &SymbolValues) -> u64 {
    // A length below nothing is refused by whatever has it.
    dim.maybe_eval_to_i64(values).map_or(u64::MAX, |length| u64::try_from(length).unwrap_or(0))
}

/// Bytes of all that one turn of a loop computes.
fn body_bytes(body: &TypedModel, values: &SymbolValues, depth: usize) -> u64 {
    if depth > NESTING_MAX {
        return u64::MAX;
    }
    body.nodes.iter().filter(|node| !node.op_is::<Const>()).fold(0, |sum, node| {
        let inside = nested(node).map_or(0, |body| body_bytes(body, values, depth + 1));
        sum.saturating_add(outputs_bytes(node, values)).saturating_add(inside)
    })
}

/// Multiplications that a node takes, with those of all turns of a loop.
fn multiplications(model: &TypedModel, node: &TypedNode, values: &SymbolValues, depth: usize) -> u64 {
    let Ok(inputs) = model.node_input_facts(node.id) else { return u64::MAX };
    let count = |(cost, count): &(Cost, TDim)| match cost {
        Cost::FMA(_) | Cost::Div(_) => length(count, values),
        Cost::Buffer(_) | Cost::Params(_) | Cost::Custom(..) => 0,
    };
    let own = node
        .op
        .cost(&inputs)
        .map_or(u64::MAX, |costs| costs.iter().fold(0, |sum: u64, cost| sum.saturating_add(count(cost))));
    let Some(body) = nested(node) else { return own };
    if depth == NESTING_MAX {
        return u64::MAX;
    }
    let turns = node.op.nested_model_multipliers(&inputs);
    let turns = turns.first().map_or(1, |(_, turns)| length(turns, values));
    let turn = body.nodes.iter().map(|node| multiplications(body, node, values, depth + 1));
    own.saturating_add(turn.fold(0, u64::saturating_add).saturating_mul(turns))
}
