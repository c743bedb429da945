//! Code as accounts hold it: what counts as a program's, and what it unpacks to.

use std::io::Write;

use alloy_primitives::Address;
use stylus_vm::code::{
    Code, CodeError, Dictionary, encode, fragment, fragment_read_gas, fragments, is_stylus, parse,
};
use stylus_vm::{ArbOs, Config, Gas};

const WASM: &[u8] = b"\0asm\x01\0\0\0 and what follows, which nobody looks at here";

fn at(arbos: u16) -> Config {
    Config::at(ArbOs::new(arbos).unwrap())
}

/// The brotli stream of a module.
fn stream() -> Vec<u8> {
    encode(WASM).split_off(4)
}

/// A root that names `fragments` accounts and says that the module has `length` bytes.
fn root(dictionary: u8, length: u32, fragments: u8) -> Vec<u8> {
    let mut code = vec![0xEF, 0xF0, 0x02, dictionary];
    code.extend(length.to_be_bytes());
    for account in 0..fragments {
        code.extend(Address::repeat_byte(account));
    }
    code
}

#[test]
fn a_program_comes_out_as_it_went_in() {
    let code = encode(WASM);
    assert_eq!(&code[..4], [0xEF, 0xF0, 0x00, 0x00]);
    let config = Config::default();
    let parsed = parse(&code, &config).unwrap();
    assert_eq!(parsed.decompress(&[], None, &config).unwrap(), WASM);

    // Bytes after the stream are ignored.
    let longer = [&code[..], b"more"].concat();
    let parsed = parse(&longer, &config).unwrap();
    assert_eq!(parsed.decompress(&[], None, &config).unwrap(), WASM);
}

#[test]
fn what_is_a_program() {
    let stylus = |code: &[u8], arbos| is_stylus(code, ArbOs::new(arbos).unwrap());
    for (code, before_60, from_60) in [
        (&[0xEF, 0xF0, 0x00, 0x00][..], true, true),
        (&[0xEF, 0xF0, 0x00], false, false),
        (&[0xEF, 0xF0, 0x01, 0x00], false, true),
        (&[0xEF, 0xF0, 0x02, 0x00], false, true),
        (&[0xEF, 0xF0, 0x03, 0x00], false, false),
        (&[0xEF, 0x00, 0x00, 0x00], false, false),
        (&[0x60, 0x80, 0x60, 0x40], false, false),
        (&[], false, false),
    ] {
        assert_eq!(
            (stylus(code, 59), stylus(code, 60)),
            (before_60, from_60),
            "{code:02x?}"
        );
    }
}

#[test]
fn what_is_refused() {
    let check = |code: &[u8], arbos, expected| {
        assert_eq!(
            parse(code, &at(arbos)).unwrap_err(),
            expected,
            "{code:02x?}"
        );
    };
    check(&[], 60, CodeError::NotWasm);
    check(&[0x60, 0x80], 60, CodeError::NotWasm);
    check(
        &[0xEF, 0xF0, 0x00, 0x02],
        60,
        CodeError::UnknownDictionary(2),
    );
    check(&[0xEF, 0xF0, 0x01, 0x00], 60, CodeError::Fragment);
    check(&root(0, 9, 1), 59, CodeError::NotWasm);
    check(&root(0, 9, 0), 60, CodeError::Root(8));
    check(&root(0, 9, 1)[..7], 60, CodeError::Root(7));
    check(&root(0, 9, 2)[..47], 60, CodeError::Root(47));
    check(&root(7, 9, 1), 60, CodeError::UnknownDictionary(7));
    assert_eq!(fragment(&encode(WASM)), Err(CodeError::NotFragment));
    assert_eq!(fragment(&[0xEF, 0xF0, 0x01, 5, 6]), Ok(&[5, 6][..]));
}

#[test]
fn streams_are_whole_and_not_too_large() {
    let config = Config::default();
    let decompress = |stream: &[u8], config: &Config| {
        let dictionary = Dictionary::Empty;
        Code::Classic { dictionary, stream }.decompress(&[], None, config)
    };
    let whole = stream();
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        assert_eq!(
            decompress(&whole[..cut], &config),
            Err(CodeError::Stream),
            "{cut}"
        );
    }
    let mut limited = config;
    limited.stylus.max_wasm_size = WASM.len() as u32;
    assert_eq!(decompress(&whole, &limited).unwrap(), WASM);
    limited.stylus.max_wasm_size -= 1;
    let limit = limited.stylus.max_wasm_size;
    assert_eq!(
        decompress(&whole, &limited),
        Err(CodeError::TooLarge { limit })
    );
}

/// Theorem: whatever a chain allows, the output of a stream is bounded.
#[test]
fn a_bomb_is_not_unpacked() {
    const MOST: usize = 16 << 20;
    let mut config = Config::default();
    config.stylus.max_wasm_size = u32::MAX;
    for (bytes, result) in [
        (MOST, Ok(MOST)),
        (MOST + 1, Err(CodeError::TooLarge { limit: MOST as u32 })),
    ] {
        let mut stream = Vec::new();
        let mut brotli = brotli::CompressorWriter::new(&mut stream, 4_096, 1, 22);
        brotli.write_all(&vec![0; bytes]).unwrap();
        drop(brotli);
        let code = Code::Classic {
            dictionary: Dictionary::Empty,
            stream: &stream,
        };
        let unpacked = code.decompress(&[], None, &config);
        assert_eq!(unpacked.map(|wasm| wasm.len()), result);
    }
}

#[test]
fn windows_that_standard_brotli_lacks_are_refused() {
    let config = Config::default();
    let large = [&[0x11, 0x18][..], &stream()].concat();
    let code = Code::Classic {
        dictionary: Dictionary::Empty,
        stream: &large,
    };
    assert_eq!(code.decompress(&[], None, &config), Err(CodeError::Stream));
}

#[test]
fn how_a_program_is_spread() {
    for (arbos, bytes, expected) in [
        (51, 24_576, Some(0)),
        (51, 24_577, None),
        (60, 24_576, Some(0)),
        (60, 24_577, Some(1)),
        (60, 4 + 24_573, Some(1)),
        (60, 4 + 24_574, Some(2)),
        (60, 4 + 4 * 24_573, Some(4)),
        (60, 5 + 4 * 24_573, None),
    ] {
        assert_eq!(
            fragments(bytes, &at(arbos)),
            expected,
            "{bytes} bytes, ArbOS {arbos}"
        );
    }
    for (bytes, is_cold, gas) in [
        (24_576, true, 4_904),
        (24_576, false, 2_404),
        (33, false, 106),
    ] {
        assert_eq!(fragment_read_gas(bytes, is_cold), Gas(gas), "{bytes} bytes");
    }
}

#[test]
fn roots_are_put_together() {
    let config = at(60);
    let whole = stream();
    let (first, second) = whole.split_at(whole.len() / 3);
    let decompress = |length: u32| {
        let code = root(0, length, 2);
        let parsed = parse(&code, &config).unwrap();
        parsed.decompress(&[first, second], None, &config)
    };
    let length = WASM.len() as u32;
    assert_eq!(decompress(length).unwrap(), WASM);
    assert_eq!(
        decompress(length - 1),
        Err(CodeError::TooLarge { limit: length - 1 })
    );
    let (stated, actual) = (length + 1, WASM.len());
    assert_eq!(
        decompress(stated),
        Err(CodeError::Length { stated, actual })
    );

    let check = |code: Vec<u8>| parse(&code, &config).unwrap().check(&config);
    assert_eq!(check(root(0, 262_144, 2)), Ok(()));
    assert_eq!(
        check(root(0, 262_145, 2)),
        Err(CodeError::TooLarge { limit: 262_144 })
    );
    assert_eq!(
        check(root(0, 9, 5)),
        Err(CodeError::TooManyFragments { count: 5, limit: 4 })
    );
}

#[test]
fn the_stylus_dictionary_is_the_callers_to_bring() {
    let config = Config::default();
    // Bytes without any words, so that the stream refers to no dictionary and decompresses the same with each.
    let wasm: Vec<u8> = (0..64_u8).map(|byte| byte.wrapping_mul(167)).collect();
    let mut code = encode(&wasm);
    code[3] = 1;
    let parsed = parse(&code, &config).unwrap();
    assert_eq!(
        parsed.decompress(&[], None, &config),
        Err(CodeError::NoDictionary)
    );
    assert_eq!(
        parsed.decompress(&[], Some(b"any bytes"), &config).unwrap(),
        wasm
    );
}
