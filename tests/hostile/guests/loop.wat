;; A loop without end.
(module (func (export "f") (loop (br 0))))
