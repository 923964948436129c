(module
  (func $down (call $down))
  (start $down)
  (func (export "f")))
