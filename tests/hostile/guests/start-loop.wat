;; Never gets as far as being called.
(module
  (func $start (loop (br 0)))
  (start $start)
  (func (export "f")))
