(module
  (table $t 100000 funcref)
  (func (export "f")
    (loop (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 99999)) (br 0))))
