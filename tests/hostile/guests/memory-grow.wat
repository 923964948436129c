;; Takes memory as long as there is some, touches each page, and dies of the first refusal.
(module
  (memory 1)
  (func (export "f") (local $at i32)
    (loop $more
      (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
      (loop $touch
        (i32.store (local.get $at) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br_if $touch (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
      (br $more))))
