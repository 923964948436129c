;; Sixty components, each of which calls the next one: a chain of calls through the host's adapters.
(component
  (component $link
    (import "next" (func $next (param "n" u32) (result u32)))
    (core func $next (canon lower (func $next)))
    (core module $m
      (import "" "next" (func $next (param i32) (result i32)))
      (func $deep (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (call $next (i32.const 3000))))
          (else (i32.const 1))))
      (func (export "f") (param i32) (result i32) (call $deep (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance (export "next" (func $next))))))
    (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
  (component $last
    (core module $m (func (export "f") (param i32) (result i32) (loop (br 0)) unreachable))
    (core instance $i (instantiate $m))
    (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
  (instance $z (instantiate $last))
  (instance $c (instantiate $link (with "next" (func $z "f"))))
  (instance $b (instantiate $link (with "next" (func $c "f"))))
  (instance $a (instantiate $link (with "next" (func $b "f"))))
  (export "f" (func $a "f")))
