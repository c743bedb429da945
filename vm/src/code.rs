//! A program's code as an account holds it: a prefix, a dictionary byte, and the compressed module.
//!
//! Lives here: packing. Not here: what the module must be (`activate`).

use std::io::Write;

/// The first bytes of a whole program; the fourth names the brotli dictionary, of which zero is none.
const CLASSIC_PREFIX: [u8; 4] = [0xEF, 0xF0, 0x00, 0x00];

/// Packs a module as `cargo stylus` deploys it: brotli at quality 11 with a window of 22 bits and no dictionary.
pub fn encode(wasm: &[u8]) -> Vec<u8> {
    let mut code = CLASSIC_PREFIX.to_vec();
    let mut brotli = brotli::CompressorWriter::new(&mut code, 4_096, 11, 22);
    brotli
        .write_all(wasm)
        .expect("writing to a vector does not fail");
    drop(brotli);
    code
}
