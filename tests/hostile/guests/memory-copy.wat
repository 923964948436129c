;; As memory-fill, with as much to read as to write.
(module
  (memory 900)
  (func (export "f")
    (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x37ffffe)) (br 0))))
