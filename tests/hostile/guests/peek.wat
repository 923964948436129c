;; Reads all over 4 GiB: whatever is not its own memory is not there.
(module
  (memory 1)
  (func (export "f") (param $at i32) (result i32) (i32.load offset=0xfffffff0 (local.get $at))))
