;; Down by a table, with a frame of a hundred locals that are needed afterwards.
(module
  (type $down (func (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (table funcref (elem $down))
  (func $down (type $down)
    (i64.add
      (call_indirect (type $down)
        (i64.add (local.get 0) (local.get 7)) (local.get 0) (local.get 1) (local.get 2)
        (local.get 3) (local.get 4) (local.get 5) (local.get 6) (i32.const 0))
      (i64.mul (local.get 3) (local.get 6))))
  (func (export "f")
    (drop (call $down (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))))
