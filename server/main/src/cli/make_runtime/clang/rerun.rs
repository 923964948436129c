//! Makes a program for WASI one that can be run again and again.
//!
//! A program runs once: `_start` ends by ending the process, and its memory is not what it was. Here `_start`
//! returns the exit code instead, and `reset` brings memory and stack back. What it imports of WASI, it imports of our
//! half.

use std::ops::Range;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, Encode, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, Module,
    RawSection, TypeSection, ValType,
};
use wasmparser::{
    DataKind, FunctionBody, FunctionSectionReader, ImportSectionReader, Operator, Parser, Payload, TypeRef,
    TypeSectionReader,
};

use super::assemble::Misfit;

/// How our half is called where LLVM is linked.
pub(super) const OURS: &str = "ours";
/// What comes before the names of WASI's functions where our half exports them.
const SYSTEM: &str = "system_";
/// The globals: the stack pointer, which is there already, and the pages of memory that are in use.
const STACK: u32 = 0;
const PAGES: u32 = 1;
/// Pages that it may have: with one more, their bytes are no number of 32 bits.
const PAGES_MAX: i32 = 65_535;

/// What there is to know before anything is written.
#[derive(Default)]
struct Program {
    types: u32,
    imports: u32,
    functions: u32,
    start: Option<u32>,
    proc_exit: Option<u32>,
    /// Functions that do nothing but end the process.
    exits: Vec<u32>,
    /// Where data goes, and where it is in the file.
    data: Vec<(i32, Range<usize>)>,
    stack: Option<i32>,
    pages: u64,
}

/// Functions that are added.
struct Added {
    reset: u32,
    size: u32,
    grow: u32,
}

impl Program {
    fn read(program: &[u8]) -> Result<Self, Misfit> {
        let mut found = Self::default();
        let mut bodies = 0;
        for payload in Parser::new(0).parse_all(program) {
            match payload? {
                Payload::TypeSection(section) => found.types = section.count(),
                Payload::ImportSection(section) => found.imports(section)?,
                Payload::FunctionSection(section) => found.functions = section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        found.pages = memory?.initial;
                    }
                }
                Payload::GlobalSection(section) => {
                    if section.count() != 1 {
                        return Err(Misfit::Shape("it has more globals than its stack pointer"));
                    }
                    for global in section {
                        found.stack = constant(&global?.init_expr)?;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.name == "_start" {
                            found.start = Some(export.index);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    if found.proc_exit.is_some_and(|exit| only_calls(&body, exit)) {
                        found.exits.push(found.imports + bodies);
                    }
                    bodies += 1;
                }
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data?;
                        let DataKind::Active { offset_expr, .. } = data.kind else { return Err(NO_PLACE) };
                        let place = constant(&offset_expr)?.ok_or(NO_PLACE)?;
                        found.data.push((place, data.range.end - data.data.len()..data.range.end));
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn imports(&mut self, section: ImportSectionReader<'_>) -> Result<(), Misfit> {
        for import in section.into_imports() {
            let import = import?;
            if !matches!(import.ty, TypeRef::Func(_)) {
                return Err(Misfit::Shape("it imports something that is no function"));
            }
            if import.name == "proc_exit" {
                self.proc_exit = Some(self.imports);
            }
            self.imports += 1;
        }
        Ok(())
    }

    fn added(&self) -> Added {
        let first = self.imports + self.functions;
        Added { reset: first, size: first + 1, grow: first + 2 }
    }
}

const NO_PLACE: Misfit = Misfit::Shape("it has data without a fixed place");

fn constant(expression: &wasmparser::ConstExpr<'_>) -> Result<Option<i32>, Misfit> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(Some(value)),
        _ => Ok(None),
    }
}

/// Whether a function does nothing but call this one with its argument.
fn only_calls(body: &FunctionBody<'_>, callee: u32) -> bool {
    let Ok(operators) = body.get_operators_reader() else { return false };
    let operators: Result<Vec<_>, _> = operators.into_iter().take(5).collect();
    matches!(
        operators.as_deref(),
        Ok([Operator::LocalGet { local_index: 0 }, Operator::Call { function_index }, Operator::Unreachable, Operator::End])
            if *function_index == callee
    )
}

/// The program as a module that exports its memory, `run` and `reset`.
pub(super) fn rerunnable(bytes: &[u8]) -> Result<Module, Misfit> {
    let program = Program::read(bytes)?;
    let start = program.start.ok_or(Misfit::Shape("it has no _start"))?;
    let stack = program.stack.ok_or(Misfit::Shape("it has no stack"))?;
    if program.exits.is_empty() {
        return Err(Misfit::Shape("nothing in it ends the process"));
    }
    let added = program.added();
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(section) => _ = module.section(&types(section.clone())?),
            Payload::ImportSection(section) => _ = module.section(&imports(section.clone())?),
            Payload::FunctionSection(section) => {
                _ = module.section(&functions(section.clone(), &program, start)?);
            }
            Payload::GlobalSection(_) => {
                let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
                let mut globals = GlobalSection::new();
                globals.global(ty, &ConstExpr::i32_const(stack)).global(ty, &ConstExpr::i32_const(0));
                module.section(&globals);
            }
            Payload::ExportSection(_) => {
                let mut exports = ExportSection::new();
                exports.export("memory", ExportKind::Memory, 0);
                exports.export("run", ExportKind::Func, start).export("reset", ExportKind::Func, added.reset);
                module.section(&exports);
            }
            Payload::CodeSectionStart { .. } => {
                module.section(&DataCountSection { count: program.data.len() as u32 });
            }
            Payload::CodeSectionEntry(body) => {
                let is_start = program.imports + bodies == start;
                code.raw(&rewritten(bytes, body, is_start.then_some(&*program.exits), &added)?);
                bodies += 1;
                if bodies == program.functions {
                    code.function(&reset(&program, stack)).function(&size()).function(&grow());
                    module.section(&code);
                }
            }
            Payload::DataSection(_) => {
                let mut data = DataSection::new();
                for (_, range) in &program.data {
                    data.passive(bytes[range.clone()].iter().copied());
                }
                module.section(&data);
            }
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&RawSection { id, data: &bytes[range] });
                }
            }
        }
    }
    Ok(module)
}

/// Its types, and behind them those of what is added: what runs, what resets, what grows.
fn types(section: TypeSectionReader<'_>) -> Result<TypeSection, Misfit> {
    let mut types = TypeSection::new();
    let taken = RoundtripReencoder.parse_type_section(&mut types, section);
    taken.map_err(|_| Misfit::Shape("its types cannot be taken over"))?;
    types.ty().function([], [ValType::I32]);
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    Ok(types)
}

fn imports(section: ImportSectionReader<'_>) -> Result<ImportSection, Misfit> {
    let mut imports = ImportSection::new();
    for import in section.into_imports() {
        let import = import?;
        let TypeRef::Func(ty) = import.ty else { continue };
        imports.import(OURS, &format!("{SYSTEM}{}", import.name), EntityType::Function(ty));
    }
    Ok(imports)
}

fn functions(
    section: FunctionSectionReader<'_>,
    program: &Program,
    start: u32,
) -> Result<FunctionSection, Misfit> {
    let (runs, resets, grows) = (program.types, program.types + 1, program.types + 2);
    let mut functions = FunctionSection::new();
    for (index, ty) in (program.imports..).zip(section) {
        let ty = ty?;
        functions.function(if index == start { runs } else { ty });
    }
    functions.function(resets).function(runs).function(grows);
    Ok(functions)
}

/// A function that asks us for the size of its memory. `_start`, for which `exits` are given, returns its code.
fn rewritten(
    bytes: &[u8],
    body: &FunctionBody<'_>,
    exits: Option<&[u32]>,
    added: &Added,
) -> Result<Vec<u8>, Misfit> {
    let mut out = Vec::new();
    let mut copied = body.range().start;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let at = operators.original_position();
        let operator = operators.read()?;
        let instead: &[Instruction<'_>] = match operator {
            Operator::MemorySize { .. } => &[Instruction::Call(added.size)],
            Operator::MemoryGrow { .. } => &[Instruction::Call(added.grow)],
            Operator::Call { function_index }
                if exits.is_some_and(|exits| exits.contains(&function_index)) =>
            {
                &[Instruction::Return]
            }
            Operator::Return if exits.is_some() => &[Instruction::I32Const(0), Instruction::Return],
            Operator::End if exits.is_some() && operators.eof() => {
                &[Instruction::I32Const(0), Instruction::End]
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[copied..at]);
        instead.iter().for_each(|instruction| instruction.encode(&mut out));
        copied = operators.original_position();
    }
    out.extend_from_slice(&bytes[copied..body.range().end]);
    Ok(out)
}

/// Brings memory and stack back to what they were at first. The first time, there is nothing to clear.
fn reset(program: &Program, stack: i32) -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    body.global_get(PAGES).if_(BlockType::Empty);
    body.i32_const(0).i32_const(0).global_get(PAGES).i32_const(16).i32_shl().memory_fill(0).end();
    for (index, (place, range)) in program.data.iter().enumerate() {
        body.i32_const(*place).i32_const(0).i32_const(range.len() as i32).memory_init(0, index as u32);
    }
    body.i32_const(program.pages as i32).global_set(PAGES).i32_const(stack).global_set(STACK).end();
    function
}

/// Memory does not shrink: what a run has left of it is there for the next one, as if it were new.
fn size() -> Function {
    let mut function = Function::new([]);
    function.instructions().global_get(PAGES).end();
    function
}

fn grow() -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    body.local_get(0).i32_const(PAGES_MAX).global_get(PAGES).i32_sub().i32_gt_u().if_(BlockType::Empty);
    body.i32_const(-1).return_().end();
    body.global_get(PAGES).local_get(0).i32_add().memory_size(0).i32_gt_u().if_(BlockType::Empty);
    body.global_get(PAGES).local_get(0).i32_add().memory_size(0).i32_sub().memory_grow(0);
    body.i32_const(-1).i32_eq().if_(BlockType::Empty).i32_const(-1).return_().end().end();
    body.global_get(PAGES).global_get(PAGES).local_get(0).i32_add().global_set(PAGES).end();
    function
}
