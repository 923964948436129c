//! Puts the two halves of the runtime for C together: ours, a component (`runtimes/clang`), and LLVM.
//!
//! Two core modules are added to our component: LLVM, made ready to run more than once ([`rerun`]), and a link
//! between the two, which puts LLVM's functions into our table, copies between the two memories, and carries the
//! files that LLVM reads.

use wasm_encoder::{
    CodeSection, ComponentSection, DataCountSection, DataSection, ElementSection, Elements, EntityType,
    Function, FunctionSection, HeapType, ImportSection, InstanceSection, InstructionSink, MemoryType, Module,
    ModuleArg, ModuleSection, RefType, StartSection, TableType, TypeSection, ValType,
};
use wasmparser::{Instance, Parser, Payload};

use super::rerun::{self, OURS};

/// Why the halves do not fit.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    #[error("it cannot be read: {0}")]
    Broken(#[from] wasmparser::BinaryReaderError),
    #[error("{0}")]
    Shape(&'static str),
}

/// How LLVM is called where it is linked.
const LLVM: &str = "llvm";

/// A file that LLVM reads, by its path.
pub(super) type File = (String, Vec<u8>);

/// The component of both halves.
pub(super) fn assemble(ours: &[u8], llvm: &[u8], files: &[File]) -> Result<Vec<u8>, Misfit> {
    let shape = Shape::of(ours)?;
    let (ours_instance, llvm_instance) = (shape.ours, shape.instances);
    let mut instances = InstanceSection::new();
    instances.instantiate(shape.modules, [(OURS, ModuleArg::Instance(ours_instance))]);
    let both = [(OURS, ModuleArg::Instance(ours_instance)), (LLVM, ModuleArg::Instance(llvm_instance))];
    instances.instantiate(shape.modules + 1, both);
    let mut component = ours.to_vec();
    ModuleSection(&rerun::rerunnable(llvm)?).append_to_component(&mut component);
    ModuleSection(&link(files)).append_to_component(&mut component);
    instances.append_to_component(&mut component);
    Ok(component)
}

/// What our half has already.
struct Shape {
    modules: u32,
    instances: u32,
    /// The instance that has what LLVM calls.
    ours: u32,
}

impl Shape {
    fn of(component: &[u8]) -> Result<Self, Misfit> {
        let (mut modules, mut instances, mut main, mut ours) = (0, 0, None, None);
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } => modules += 1,
                // The exports of the module that came last.
                Payload::ExportSection(exports) => {
                    for export in exports {
                        if export?.name == "attach" {
                            main = Some(modules - 1);
                        }
                    }
                }
                Payload::InstanceSection(section) => {
                    for instance in section {
                        if matches!(instance?, Instance::Instantiate { module_index, .. } if main == Some(module_index))
                        {
                            ours = Some(instances);
                        }
                        instances += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(Self { modules, instances, ours: ours.ok_or(Misfit::Shape("our half exports no attach"))? })
    }
}

/// The functions that our half finds in its table, in the order of `Entry` in `runtimes/clang/src/llvm.rs`.
mod function {
    pub(super) const ATTACH: u32 = 0;
    pub(super) const RUN: u32 = 1;
    pub(super) const RESET: u32 = 2;
    pub(super) const READ: u32 = 3;
    pub(super) const WRITE: u32 = 4;
    pub(super) const RESOURCE: u32 = 5;
    pub(super) const START: u32 = 6;
    pub(super) const ENTRIES: [u32; 5] = [RUN, RESET, READ, WRITE, RESOURCE];
}

fn link(files: &[File]) -> Module {
    let (copies, runs, acts, attaches) = (0, 1, 2, 3);
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 3], []);
    types.ty().function([], [ValType::I32]);
    types.ty().function([], []);
    types.ty().function([ValType::I32], []);
    let memory =
        MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let element_type = RefType::FUNCREF;
    let table = TableType { element_type, table64: false, minimum: 0, maximum: None, shared: false };
    let mut imports = ImportSection::new();
    imports.import(OURS, "memory", memory).import(OURS, "__indirect_function_table", table);
    imports.import(OURS, "attach", EntityType::Function(attaches));
    imports.import(LLVM, "memory", memory).import(LLVM, "run", EntityType::Function(runs));
    imports.import(LLVM, "reset", EntityType::Function(acts));
    let mut functions = FunctionSection::new();
    functions.function(copies).function(copies).function(copies).function(acts);
    let (ours, theirs) = (0, 1);
    let mut bodies = CodeSection::new();
    bodies.function(&copy(|body| _ = body.memory_copy(ours, theirs)));
    bodies.function(&copy(|body| _ = body.memory_copy(theirs, ours)));
    bodies.function(&copy(|body| _ = body.memory_init(ours, 0)));
    bodies.function(&start());
    let mut elements = ElementSection::new();
    elements.passive(Elements::Functions(function::ENTRIES[..].into()));
    let mut data = DataSection::new();
    data.passive(archive(files));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    module.section(&StartSection { function_index: function::START });
    module.section(&elements).section(&DataCountSection { count: 1 }).section(&bodies).section(&data);
    module
}

/// A function of where to, where from and how much.
fn copy(with: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    body.local_get(0).local_get(1).local_get(2);
    with(&mut body);
    body.end();
    function
}

/// Adds the functions to our table, and tells our half where.
fn start() -> Function {
    let count = function::ENTRIES.len() as i32;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut body = function.instructions();
    body.ref_null(HeapType::FUNC).i32_const(count).table_grow(0).local_tee(0);
    body.i32_const(0).i32_const(count).table_init(0, 0);
    body.local_get(0).call(function::ATTACH).end();
    function
}

/// The files as `runtimes/clang/src/files.rs` reads them: the length of a list, the list, the bytes of all.
fn archive(files: &[File]) -> Vec<u8> {
    let list: String = files.iter().map(|(path, content)| format!("{} {path}\n", content.len())).collect();
    let mut archive = (list.len() as u32).to_le_bytes().to_vec();
    archive.extend_from_slice(list.as_bytes());
    files.iter().for_each(|(_, content)| archive.extend_from_slice(content));
    archive
}
