;; Loads the word at its storage's first slot and returns it.
(module
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (call $load (i32.const 0) (i32.const 32))
        (call $write_result (i32.const 32) (i32.const 32))
        (i32.const 0)))
