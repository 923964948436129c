;; Handles of its own making, which cost the host a place in a table each.
(component
  (type $t (resource (rep i32)))
  (core func $new (canon resource.new $t))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "f") (loop (drop (call $new (i32.const 1))) (br 0))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "f") (canon lift (core func $i "f"))))
