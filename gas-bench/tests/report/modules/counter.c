// A counter. `clang --target=wasm32 -O0 -c counter.c -o counter.o && wasm-ld --no-entry --initial-memory=131072 --max-memory=131072
// --strip-all counter.o -o counter.wasm` (clang 14) makes counter.wasm: unoptimised, so that its constants are in variables.
#include <stddef.h>
#include <stdint.h>

#define VM_HOOK(name) __attribute__((import_module("vm_hooks"), import_name(#name))) extern
VM_HOOK(read_args) void read_args(uint8_t *data);
VM_HOOK(write_result) void write_result(const uint8_t *data, size_t len);
VM_HOOK(storage_load_bytes32) void storage_load_bytes32(const uint8_t *key, uint8_t *dest);
VM_HOOK(storage_cache_bytes32) void storage_cache_bytes32(const uint8_t *key, const uint8_t *value);
VM_HOOK(storage_flush_cache) void storage_flush_cache(int clear);
VM_HOOK(emit_log) void emit_log(uint8_t *data, size_t len, size_t topics);

static uint8_t zero[32], input[256], word[32];

static uint32_t selector(const uint8_t *bytes) {
  return bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

__attribute__((export_name("user_entrypoint"))) int user_entrypoint(size_t len) {
  if (len > sizeof input) return 1;
  read_args(input);
  if (len == 0) {
    emit_log(word, 32, 0);
    return 0;
  }
  if (len < 4) return 1;
  switch (selector(input)) {
    case 0x8381f58a: // number()
      storage_load_bytes32(zero, word);
      write_result(word, 32);
      return 0;
    case 0x3fb5c1cb: // setNumber(uint256)
      if (len != 36) return 1;
      storage_cache_bytes32(zero, input + 4);
      storage_flush_cache(0);
      return 0;
    case 0xd09de08a: // increment()
      storage_load_bytes32(zero, word);
      for (int i = 31; i >= 0 && ++word[i] == 0; i--);
      storage_cache_bytes32(zero, word);
      storage_flush_cache(0);
      return 0;
    case 0xcafebabe: // nobody knows
      write_result(input, len);
      return 0;
  }
  return 1;
}
