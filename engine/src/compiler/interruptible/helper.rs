//! The functions that do bulk operations in pieces.

use wasm_encoder::{BlockType, Encode, Function, InstructionSink, ValType};
use wasmparser::MemoryType;

/// Bytes of one piece: a few milliseconds, if all of it has to be had from the kernel first.
const PIECE: i64 = 16 << 20;

/// A bulk operation, by its memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    Fill(u32),
    /// To and from.
    Copy(u32, u32),
}

/// Which memories of a module have addresses of 64 bits.
#[derive(Default)]
pub(super) struct Memories(Vec<bool>);

impl Memories {
    pub(super) fn add(&mut self, memory: &MemoryType) {
        self.0.push(memory.memory64);
    }

    fn is_64(&self, memory: u32) -> Option<bool> {
        self.0.get(memory as usize).copied()
    }
}

/// The functions that a module needs, in the order in which they are added.
pub(super) struct Helpers {
    needed: Vec<Bulk>,
    types: u32,
    functions: u32,
    memories: Memories,
}

impl Helpers {
    /// For a module that has so many types and functions.
    pub(super) fn new(types: u32, functions: u32, memories: Memories) -> Self {
        Self { needed: Vec::new(), types, functions, memories }
    }

    /// The function for an operation; none for a copy between memories of different kinds.
    pub(super) fn index(&mut self, bulk: Bulk) -> Option<u32> {
        if let Bulk::Copy(to, from) = bulk
            && self.memories.is_64(to) != self.memories.is_64(from)
        {
            return None;
        }
        let at = self.needed.iter().position(|known| *known == bulk).unwrap_or_else(|| {
            self.needed.push(bulk);
            self.needed.len() - 1
        });
        Some(self.functions + at as u32)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needed.is_empty()
    }

    pub(super) fn len(&self) -> u32 {
        self.needed.len() as u32
    }

    /// A type for each.
    pub(super) fn types(&self) -> (u32, Vec<u8>) {
        let mut out = Vec::new();
        for bulk in &self.needed {
            let address = self.address(*bulk);
            let middle = if let Bulk::Fill(_) = bulk { ValType::I32 } else { address };
            out.push(0x60);
            [address, middle, address].as_slice().encode(&mut out);
            [ValType::I32; 0].as_slice().encode(&mut out);
        }
        (self.len(), out)
    }

    /// Which type each has.
    pub(super) fn type_indices(&self) -> (u32, Vec<u8>) {
        let mut out = Vec::new();
        (0..self.len()).for_each(|index| (self.types + index).encode(&mut out));
        (self.len(), out)
    }

    /// What each does.
    pub(super) fn bodies(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for bulk in &self.needed {
            Pieces { bulk: *bulk, is_64: self.address(*bulk) == ValType::I64 }.function().encode(&mut out);
        }
        out
    }

    fn address(&self, bulk: Bulk) -> ValType {
        let (Bulk::Fill(memory) | Bulk::Copy(memory, _)) = bulk;
        if self.memories.is_64(memory) == Some(true) { ValType::I64 } else { ValType::I32 }
    }
}

// The parameters of every one of them: where to, what or from where, how much.
const TO: u32 = 0;
const FROM: u32 = 1;
const LENGTH: u32 = 2;

/// One of the functions, as it is written.
struct Pieces {
    bulk: Bulk,
    is_64: bool,
}

impl Pieces {
    fn function(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        // What is small is done at once, and so is what is out of bounds: it traps, with nothing written.
        code.local_get(LENGTH);
        self.piece(&mut code);
        if self.is_64 {
            code.i64_le_u()
        } else {
            code.i32_le_u()
        };
        self.out_of_bounds(&mut code);
        code.i32_or().if_(BlockType::Empty);
        self.whole(&mut code);
        code.return_().end();
        if let Bulk::Copy(to, from) = self.bulk
            && to == from
        {
            // What overlaps is copied from its end, where it goes upwards.
            code.local_get(TO).local_get(FROM);
            if self.is_64 {
                code.i64_gt_u()
            } else {
                code.i32_gt_u()
            };
            code.if_(BlockType::Empty);
            self.downwards(&mut code);
            code.return_().end();
        }
        self.upwards(&mut code);
        self.whole(&mut code);
        code.end();
        function
    }

    /// Pieces from the beginning, as long as more than one is left.
    fn upwards(&self, code: &mut InstructionSink<'_>) {
        code.loop_(BlockType::Empty).local_get(TO).local_get(FROM);
        self.piece(code);
        self.operation(code);
        self.advance(code, TO);
        if let Bulk::Copy(..) = self.bulk {
            self.advance(code, FROM);
        }
        self.shorten(code);
        self.again_if_more(code);
        code.end();
    }

    /// Pieces from the end, and then what is left at the beginning.
    fn downwards(&self, code: &mut InstructionSink<'_>) {
        code.loop_(BlockType::Empty);
        self.shorten(code);
        for start in [TO, FROM] {
            code.local_get(start).local_get(LENGTH);
            if self.is_64 {
                code.i64_add()
            } else {
                code.i32_add()
            };
        }
        self.piece(code);
        self.operation(code);
        self.again_if_more(code);
        code.end();
        self.whole(code);
    }

    /// Whether any of it is beyond a memory's end, as an i32.
    fn out_of_bounds(&self, code: &mut InstructionSink<'_>) {
        match self.bulk {
            Bulk::Fill(memory) => self.beyond(code, TO, memory),
            Bulk::Copy(to, from) => {
                self.beyond(code, TO, to);
                self.beyond(code, FROM, from);
                code.i32_or();
            }
        }
    }

    /// `length > size || start > size - length`, in 64 bits.
    fn beyond(&self, code: &mut InstructionSink<'_>, start: u32, memory: u32) {
        self.wide(code, LENGTH);
        self.size(code, memory);
        code.i64_gt_u();
        self.wide(code, start);
        self.size(code, memory);
        self.wide(code, LENGTH);
        code.i64_sub().i64_gt_u().i32_or();
    }

    fn size(&self, code: &mut InstructionSink<'_>, memory: u32) {
        code.memory_size(memory);
        if !self.is_64 {
            code.i64_extend_i32_u();
        }
        code.i64_const(16).i64_shl();
    }

    fn wide(&self, code: &mut InstructionSink<'_>, local: u32) {
        code.local_get(local);
        if !self.is_64 {
            code.i64_extend_i32_u();
        }
    }

    fn piece(&self, code: &mut InstructionSink<'_>) {
        if self.is_64 {
            code.i64_const(PIECE)
        } else {
            code.i32_const(PIECE as i32)
        };
    }

    fn advance(&self, code: &mut InstructionSink<'_>, local: u32) {
        code.local_get(local);
        self.piece(code);
        if self.is_64 {
            code.i64_add()
        } else {
            code.i32_add()
        };
        code.local_set(local);
    }

    fn shorten(&self, code: &mut InstructionSink<'_>) {
        code.local_get(LENGTH);
        self.piece(code);
        if self.is_64 {
            code.i64_sub()
        } else {
            code.i32_sub()
        };
        code.local_set(LENGTH);
    }

    fn again_if_more(&self, code: &mut InstructionSink<'_>) {
        code.local_get(LENGTH);
        self.piece(code);
        if self.is_64 {
            code.i64_gt_u()
        } else {
            code.i32_gt_u()
        };
        code.br_if(0);
    }

    /// The operation on all that is left.
    fn whole(&self, code: &mut InstructionSink<'_>) {
        code.local_get(TO).local_get(FROM).local_get(LENGTH);
        self.operation(code);
    }

    fn operation(&self, code: &mut InstructionSink<'_>) {
        match self.bulk {
            Bulk::Fill(memory) => code.memory_fill(memory),
            Bulk::Copy(to, from) => code.memory_copy(to, from),
        };
    }
}
