;; What two threads would need.
(module (memory 1 1 shared) (func (export "f")))
