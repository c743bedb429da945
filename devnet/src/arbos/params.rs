//! The Stylus parameters: one word.
//!
//! Lives here: packing and unpacking it. Not here: what the parameters do (`stylus_vm`).

use alloy_primitives::U256;
use stylus_vm::{ArbOs, Config, InkPrice, Pages, StylusParams};

use crate::arbos::{Words, root, slots};

/// The parameters in force. Those that the version in force does not store are what it takes them to be.
pub(crate) fn params(words: &mut impl Words) -> StylusParams {
    let arbos = root::version(words);
    unpack(words.word(slots::params().at(0)), arbos)
}

/// Stores the parameters.
pub(crate) fn set_params(words: &mut impl Words, params: &StylusParams) {
    words.set_word(slots::params().at(0), pack(params));
}

/// Everything that the VM depends on.
pub(crate) fn vm_config(words: &mut impl Words, debug: bool, max_code_size: u32) -> Config {
    let arbos = root::version(words);
    Config {
        arbos,
        stylus: unpack(words.word(slots::params().at(0)), arbos),
        max_code_size,
        debug,
    }
}

/// The word: big-endian fields from the left.
fn pack(params: &StylusParams) -> U256 {
    let price = params.ink_price.ink_per_gas().to_be_bytes();
    let fields: [&[u8]; 15] = [
        &params.version.to_be_bytes(),
        &price[1..],
        &params.max_stack_depth.to_be_bytes(),
        &params.free_pages.0.to_be_bytes(),
        &params.page_gas.to_be_bytes(),
        &params.page_limit.0.to_be_bytes(),
        &[params.min_init_gas],
        &[params.min_cached_init_gas],
        &[params.init_cost_scalar],
        &[params.cached_cost_scalar],
        &params.expiry_days.to_be_bytes(),
        &params.keepalive_days.to_be_bytes(),
        &params.block_cache_size.to_be_bytes(),
        &params.max_wasm_size.to_be_bytes(),
        &[params.max_fragment_count],
    ];
    let mut word = fields.concat();
    word.resize(32, 0);
    U256::from_be_slice(&word)
}

fn unpack(word: U256, arbos: ArbOs) -> StylusParams {
    let word = word.to_be_bytes::<32>();
    let u16_at = |at: usize| u16::from_be_bytes([word[at], word[at + 1]]);
    let u32_at =
        |at: usize| u32::from_be_bytes([word[at], word[at + 1], word[at + 2], word[at + 3]]);
    let price = u32::from_be_bytes([0, word[2], word[3], word[4]]);
    StylusParams {
        version: u16_at(0),
        ink_price: InkPrice::new(price).unwrap_or(InkPrice::DEFAULT),
        max_stack_depth: u32_at(5),
        free_pages: Pages(u16_at(9)),
        page_gas: u16_at(11),
        page_limit: Pages(u16_at(13)),
        min_init_gas: word[15],
        min_cached_init_gas: word[16],
        init_cost_scalar: word[17],
        cached_cost_scalar: word[18],
        expiry_days: u16_at(19),
        keepalive_days: u16_at(21),
        block_cache_size: u16_at(23),
        max_wasm_size: u32_at(25),
        max_fragment_count: if arbos >= ArbOs::FRAGMENTS {
            word[29]
        } else {
            0
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let initial = Config::at(ArbOs::LAST).stylus;
        let odd = StylusParams {
            version: 0x0102,
            ink_price: InkPrice::new(0x03_0405).unwrap(),
            max_stack_depth: 0x0607_0809,
            free_pages: Pages(0x0a0b),
            page_gas: 0x0c0d,
            page_limit: Pages(0x0e0f),
            min_init_gas: 0x10,
            min_cached_init_gas: 0x11,
            init_cost_scalar: 0x12,
            cached_cost_scalar: 0x13,
            expiry_days: 0x1415,
            keepalive_days: 0x1617,
            block_cache_size: 0x1819,
            max_wasm_size: 0x1a1b_1c1d,
            max_fragment_count: 0x1e,
        };
        for params in [initial, odd] {
            assert_eq!(unpack(pack(&params), ArbOs::LAST), params);
        }
        // Every field in its place: the bytes count up.
        let word = pack(&odd).to_be_bytes::<32>();
        let counted: Vec<u8> = (1..=0x1e).chain([0, 0]).collect();
        assert_eq!(word.as_slice(), counted);
    }
}
