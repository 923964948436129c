;; Down, without end.
(module (func $down (export "f") (call $down)))
