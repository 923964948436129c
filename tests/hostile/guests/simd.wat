;; Work that is cheap to ask for.
(module
  (func (export "f") (local v128)
    (loop (local.set 0 (f64x2.sqrt (f64x2.div (local.get 0) (local.get 0)))) (br 0))))
