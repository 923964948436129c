;; The largest table there may be, filled again and again.
(module
  (table $t 100000 funcref)
  (func (export "f")
    (loop (table.fill $t (i32.const 0) (ref.null func) (i32.const 100000)) (br 0))))
