;; A list of 4,000,000,000 things of no size.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "f") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 4000000000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (type $one (enum "one"))
  (export $one-e "one" (type $one))
  (func (export "f") (result (list $one-e)) (canon lift (core func $i "f") (memory (core memory $i "memory")))))
