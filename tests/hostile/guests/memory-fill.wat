;; One instruction that is the work of a second, again and again.
(module
  (memory 900)
  (func (export "f")
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x37fffff)) (br 0))))
