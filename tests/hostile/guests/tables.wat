;; Small tables count as memory, too: eight of them, as large as each may be.
(module
  (table $a 1 funcref) (table $b 1 funcref) (table $c 1 funcref) (table $d 1 funcref)
  (table $e 1 funcref) (table $f 1 funcref) (table $g 1 funcref) (table $h 1 funcref)
  (memory 950)
  (func (export "f") (result i32)
    (drop (table.grow $a (ref.null func) (i32.const 99999)))
    (drop (table.grow $b (ref.null func) (i32.const 99999)))
    (drop (table.grow $c (ref.null func) (i32.const 99999)))
    (drop (table.grow $d (ref.null func) (i32.const 99999)))
    (drop (table.grow $e (ref.null func) (i32.const 99999)))
    (drop (table.grow $f (ref.null func) (i32.const 99999)))
    (drop (table.grow $g (ref.null func) (i32.const 99999)))
    (i32.ne (table.grow $h (ref.null func) (i32.const 99999)) (i32.const -1))))
