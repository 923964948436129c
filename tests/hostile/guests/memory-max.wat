;; All that 32 bits can name, from the start.
(module (memory 65536) (func (export "f")))
