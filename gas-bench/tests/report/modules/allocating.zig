// A counter that allocates its input. `zig build-exe counter.zig -target wasm32-freestanding -OReleaseSmall -fno-entry -fstrip
// --stack 32768 --export=user_entrypoint --export=mark_used -femit-bin=allocating.wasm` (Zig 0.13.0) makes allocating.wasm.
extern "vm_hooks" fn read_args(data: [*]u8) void;
extern "vm_hooks" fn write_result(data: [*]const u8, len: usize) void;
extern "vm_hooks" fn storage_load_bytes32(key: [*]const u8, dest: [*]u8) void;
extern "vm_hooks" fn storage_cache_bytes32(key: [*]const u8, value: [*]const u8) void;
extern "vm_hooks" fn storage_flush_cache(clear: bool) void;
extern "vm_hooks" fn pay_for_memory_grow(pages: u16) void;
const std = @import("std");
const allocator = std.heap.wasm_allocator;
const zero = [_]u8{0} ** 32;
export fn mark_used() void { pay_for_memory_grow(0); }
fn run(len: usize) !i32 {
    const input = try allocator.alloc(u8, len);
    defer allocator.free(input);
    read_args(input.ptr);
    if (len < 4) return 1;
    var word: [32]u8 = undefined;
    switch (std.mem.readInt(u32, input[0..4], .big)) {
        0x8381f58a => { storage_load_bytes32(&zero, &word); write_result(&word, 32); },
        0x3fb5c1cb => { if (len != 36) return 1; storage_cache_bytes32(&zero, input.ptr + 4); storage_flush_cache(false); },
        0xd09de08a => { storage_load_bytes32(&zero, &word); var n = std.mem.readInt(u256, &word, .big); n +%= 1; std.mem.writeInt(u256, &word, n, .big); storage_cache_bytes32(&zero, &word); storage_flush_cache(false); },
        else => return 1,
    }
    return 0;
}
export fn user_entrypoint(len: usize) i32 { return run(len) catch 1; }
