;; Two components in one, which hand each other a string of 256 MiB without end: the copying is the host's work.
(component
  (component $sink
    (core module $m
      (memory (export "memory") 4200)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "text" string)
      (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $source
    (import "take" (func $take (param "text" string)))
    (core module $memory
      (memory (export "memory") 4200)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (unreachable)))
    (core instance $memory (instantiate $memory))
    (core func $take (canon lower (func $take) (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $m
      (import "" "take" (func $take (param i32 i32)))
      (func (export "f") (loop (call $take (i32.const 0) (i32.const 0x10000000)) (br 0))))
    (core instance $i (instantiate $m (with "" (instance (export "take" (func $take))))))
    (func (export "f") (canon lift (core func $i "f"))))
  (instance $sink (instantiate $sink))
  (instance $source (instantiate $source (with "take" (func $sink "take"))))
  (export "f" (func $source "f")))
