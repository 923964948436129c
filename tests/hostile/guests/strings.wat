;; A list of 4,000,000 strings which all are the same MiB: little to say, and 4 TiB to write down.
(component
  (core module $m
    (memory (export "memory") 600)
    (func (export "f") (result i32) (local $at i32)
      (local.set $at (i32.const 16))
      (loop $next
        (i32.store (local.get $at) (i32.const 0))
        (i32.store offset=4 (local.get $at) (i32.const 1048576))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 32000016))))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 4000000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (result (list string)) (canon lift (core func $i "f") (memory (core memory $i "memory")))))
