;; Answers, and then does not let go.
(component
  (core module $m
    (func (export "f") (result i32) (i32.const 1))
    (func (export "after") (param i32) (loop (br 0))))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32)
    (canon lift (core func $i "f") (post-return (core func $i "after")))))
