;; SipHash-2-4 with 128 bits of output (Aumasson and Bernstein,
;; https://github.com/veorq/SipHash), whose names, constants and order of steps these are.
;; Memory: the key at 0, the hash at 16, the message from 32.
(module
  (memory (export "memory") 1)
  (func (export "hash") (param $length i32)
    (local $v0 i64) (local $v1 i64) (local $v2 i64) (local $v3 i64)
    (local $word i64) (local $at i32) (local $last i32) (local $rounds i32)
    (local.set $v0 (i64.xor (i64.load (i32.const 0)) (i64.const 0x736f6d6570736575)))
    (local.set $v1 (i64.xor (i64.load (i32.const 8)) (i64.const 0x646f72616e646f83)))
    (local.set $v2 (i64.xor (i64.load (i32.const 0)) (i64.const 0x6c7967656e657261)))
    (local.set $v3 (i64.xor (i64.load (i32.const 8)) (i64.const 0x7465646279746573)))
    (local.set $at (i32.const 32))
    ;; The last word is what is left, zeros, and the length in its last byte.
    (local.set $last (i32.add (i32.const 32) (i32.and (local.get $length) (i32.const -8))))
    (local.set $word (i64.extend_i32_u (local.get $length)))
    (i64.store (local.get $last)
      (i64.or
        (i64.shl (local.get $word) (i64.const 56))
        (i64.and
          (i64.load (local.get $last))
          (i64.sub
            (i64.shl (i64.const 1) (i64.shl (i64.and (local.get $word) (i64.const 7)) (i64.const 3)))
            (i64.const 1)))))
    ;; Two more turns than words: each of them yields half of the hash.
    (loop $turn
      (local.set $word (i64.const 0))
      (local.set $rounds (i32.const 4))
      (if (i32.le_u (local.get $at) (local.get $last))
        (then
          (local.set $word (i64.load (local.get $at)))
          (local.set $rounds (i32.const 2)))
        (else
          (if (i32.eq (local.get $at) (i32.add (local.get $last) (i32.const 8)))
            (then (local.set $v2 (i64.xor (local.get $v2) (i64.const 0xee))))
            (else (local.set $v1 (i64.xor (local.get $v1) (i64.const 0xdd)))))))
      (local.set $v3 (i64.xor (local.get $v3) (local.get $word)))
      (loop $round
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v0 (i64.rotl (local.get $v0) (i64.const 32)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.add (local.get $v0) (local.get $v3)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.set $v0 (i64.xor (local.get $v0) (local.get $word)))
      (if (i32.gt_u (local.get $at) (local.get $last))
        (then
          (i64.store
            (i32.add (i32.sub (local.get $at) (local.get $last)) (i32.const 8))
            (i64.xor
              (i64.xor (local.get $v0) (local.get $v1))
              (i64.xor (local.get $v2) (local.get $v3))))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $turn
        (i32.le_u (local.get $at) (i32.add (local.get $last) (i32.const 16)))))))
