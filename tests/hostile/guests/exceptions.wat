;; Throws in a loop, so that each one is unwound.
(module
  (tag $t)
  (func $throw (throw $t))
  (func (export "f")
    (loop $again
      (block $caught (try_table (catch $t $caught) (call $throw)))
      (br $again))))
