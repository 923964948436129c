;; Copies a data segment into memory without end.
(module
  (memory 64)
  (func (export "f")
    (loop
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))
      (br 0)))
  (data $d "sixteen bytes...")
)
