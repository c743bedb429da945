//! On targets other than wasm32, `MiniAlloc` exists under the same names and works as a global allocator: here as the system's or, with the
//! feature, as WeeAlloc.
#![cfg(not(target_arch = "wasm32"))]

use mini_alloc::MiniAlloc;

#[global_allocator]
static ALLOC: MiniAlloc = MiniAlloc::INIT;

#[test]
fn collections_work() {
    let mut numbers: Vec<u64> = (0..1000).collect();
    numbers.reverse();
    let text: String = numbers.iter().take(3).map(u64::to_string).collect();
    assert_eq!(text, "999998997");
    assert!(vec![0u8; 3 * MiniAlloc::PAGE_SIZE]
        .iter()
        .all(|&byte| byte == 0));
}

#[test]
fn what_cannot_be_had_is_an_error() {
    let mut vec = Vec::<u8>::new();
    assert!(vec.try_reserve_exact(isize::MAX as usize).is_err());
    vec.try_reserve_exact(1).unwrap();
}
