;; A handle that it was never given.
(component
  (import "wasi:io/poll@0.2.6" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "" "block" (func $block (param i32)))
    (func (export "f") (call $block (i32.const 12345))))
  (core instance $i (instantiate $m (with "" (instance (export "block" (func $block))))))
  (func (export "f") (canon lift (core func $i "f"))))
