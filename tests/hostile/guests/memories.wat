;; Four memories, none of which is above the limit.
(module
  (memory $a 1) (memory $b 1) (memory $c 1) (memory $d 1)
  (func (export "f") (result i32)
    (drop (memory.grow $a (i32.const 400)))
    (drop (memory.grow $b (i32.const 400)))
    (drop (memory.grow $c (i32.const 400)))
    (i32.ne (memory.grow $d (i32.const 400)) (i32.const -1))))
