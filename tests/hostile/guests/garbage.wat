;; Objects of a collector that there is not.
(module
  (type $pair (struct (field i32) (field i32)))
  (func (export "f") (loop (drop (struct.new_default $pair)) (br 0))))
