//! A program's code as accounts hold it: a prefix, a dictionary byte, and the compressed module, in one account or spread over several.
//!
//! Lives here: packing and unpacking. Not here: what the module must be (`activate`), reading accounts and what that costs.

use std::io::{Read, Write};

use alloy_primitives::{Address, U256};

use crate::config::{ArbOs, Config};
use crate::ink::Gas;
use crate::prices::access;

/// The first bytes of all code that is not EVM code.
const PREFIX: [u8; 2] = [0xEF, 0xF0];

/// The third byte of a whole program.
const CLASSIC: u8 = 0x00;

/// The third byte of a fragment of a program.
const FRAGMENT: u8 = 0x01;

/// The third byte of a root, which names a program's fragments.
const ROOT: u8 = 0x02;

/// The largest module ever unpacked, whatever a root says or a chain allows: far above any chain's limit.
const MOST_LENGTH: u32 = 16 << 20;

/// Bytes before a whole program's stream.
const CLASSIC_PREFIX_BYTES: usize = 4;

/// Bytes before a fragment's slice of the stream.
const FRAGMENT_PREFIX_BYTES: usize = 3;

/// Bytes of an address within a root.
const ADDRESS: usize = 20;

/// A program's code in either form, its module still compressed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code<'a> {
    /// All of it in one account.
    Classic {
        /// What the module was compressed with.
        dictionary: Dictionary,
        /// The brotli stream.
        stream: &'a [u8],
    },
    /// Spread over several accounts, from ArbOS 60 on.
    Root {
        /// What the module was compressed with.
        dictionary: Dictionary,
        /// Bytes of the module.
        length: u32,
        /// The accounts whose fragments make up the brotli stream, in order.
        fragments: Vec<Address>,
    },
}

/// The dictionary that a module was compressed with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dictionary {
    /// None, as `cargo stylus` compresses.
    Empty,
    /// Nitro's dictionary for programs, of 112,640 bytes. This crate does not carry it; a caller that has it can supply it.
    StylusProgram,
}

/// Code that is not a program's, or from which the module cannot be recovered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// No code at all, or EVM code.
    #[error("the account holds no Stylus program")]
    NotWasm,
    /// A fragment, which is not a program on its own.
    #[error("the account holds a fragment of a Stylus program, not the program")]
    Fragment,
    /// Code that should be a fragment and is not.
    #[error("the account holds no fragment of a Stylus program")]
    NotFragment,
    /// An unassigned dictionary byte.
    #[error("the program was compressed with the unknown dictionary {0}")]
    UnknownDictionary(u8),
    /// The Stylus dictionary is needed and was not supplied.
    #[error("the program was compressed with the Stylus dictionary, which is not at hand")]
    NoDictionary,
    /// A root that is truncated or names no fragments.
    #[error("the root of the program is malformed: {0} bytes are not a whole number of addresses")]
    Root(usize),
    /// More fragments than the chain allows.
    #[error("the program has {count} fragments and the chain allows {limit}")]
    TooManyFragments {
        /// Fragments named.
        count: usize,
        /// Fragments allowed.
        limit: u8,
    },
    /// The stream is broken or truncated.
    #[error(
        "the program cannot be decompressed: behind its prefix there has to be the whole module, compressed with brotli, as \
         `cargo stylus deploy` sends it"
    )]
    Stream,
    /// The module is larger than allowed, or than its root says.
    #[error("the program has more than {limit} bytes when decompressed")]
    TooLarge {
        /// Bytes allowed.
        limit: u32,
    },
    /// The module is smaller than its root says.
    #[error("the program has {actual} bytes when decompressed, but its root states {stated}")]
    Length {
        /// Bytes that the root states.
        stated: u32,
        /// Bytes decompressed.
        actual: usize,
    },
}

/// Packs a module as `cargo stylus` deploys it: brotli at quality 11 with a window of 22 bits and no dictionary.
pub fn encode(wasm: &[u8]) -> Vec<u8> {
    let mut code = vec![PREFIX[0], PREFIX[1], CLASSIC, 0];
    let mut brotli = brotli::CompressorWriter::new(&mut code, 4_096, 11, 22);
    brotli
        .write_all(wasm)
        .expect("writing to a vector does not fail");
    drop(brotli);
    code
}

/// The init code that leaves `code` in an account, as `cargo stylus` sends it: `PUSH32 size DUP1 PUSH1 43 PUSH1 0 CODECOPY PUSH1 0 RETURN`,
/// a byte that is not run, and the code itself.
pub fn init_code(code: &[u8]) -> Vec<u8> {
    const PUSH32: u8 = 0x7f;
    const COPY: [u8; 10] = [0x80, 0x60, 0x2b, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00];
    let size = U256::from(code.len()).to_be_bytes::<32>();
    [&[PUSH32], &size[..], &COPY, code].concat()
}

/// How many fragments a program's code of `bytes` must be split into: zero if one account can hold it, `None` if this chain
/// cannot hold it at all.
pub fn fragments(bytes: usize, config: &Config) -> Option<usize> {
    let account = config.max_code_size as usize;
    if bytes <= account {
        return Some(0);
    }
    let stream = bytes.saturating_sub(CLASSIC_PREFIX_BYTES);
    let fragments = stream.div_ceil(account.checked_sub(FRAGMENT_PREFIX_BYTES)?.max(1));
    (fragments <= usize::from(config.stylus.max_fragment_count)).then_some(fragments)
}

/// Splits a whole program's code into the codes of fragments, each of at most `account` bytes (ArbOS 60).
///
/// # Errors
/// If `code` is not a whole program's.
pub fn split(code: &[u8], account: usize) -> Result<Vec<Vec<u8>>, CodeError> {
    let [a, b, CLASSIC, _, stream @ ..] = code else {
        return Err(CodeError::NotWasm);
    };
    if [*a, *b] != PREFIX {
        return Err(CodeError::NotWasm);
    }
    let slice = account.saturating_sub(FRAGMENT_PREFIX_BYTES).max(1);
    let prefix = [PREFIX[0], PREFIX[1], FRAGMENT];
    Ok(stream
        .chunks(slice)
        .map(|slice| [&prefix, slice].concat())
        .collect())
}

/// The code of a root: a program of `length` bytes whose stream, compressed without a dictionary, lies in `fragments`.
pub fn root(length: u32, fragments: &[Address]) -> Vec<u8> {
    let mut code = vec![PREFIX[0], PREFIX[1], ROOT, 0];
    code.extend(length.to_be_bytes());
    for fragment in fragments {
        code.extend(fragment.as_slice());
    }
    code
}

/// Gas for reading one fragment's code of `bytes` while activating its root (ArbOS 60), by whether its account is cold.
/// Before each read, the gas left must cover an account as large as the chain allows.
pub fn fragment_read_gas(bytes: usize, is_cold: bool) -> Gas {
    let account = if is_cold {
        access::COLD_ACCOUNT
    } else {
        access::WARM
    };
    account.saturating_add(access::FRAGMENT_WORD.saturating_mul(bytes.div_ceil(32) as u64))
}

/// Whether a chain lets an account have this code although it begins with 0xEF (EIP-3541). All except fragments can also be
/// called; [`parse`] tells which.
pub fn is_stylus(code: &[u8], arbos: ArbOs) -> bool {
    match code {
        [0xEF, 0xF0, CLASSIC, _, ..] => true,
        [0xEF, 0xF0, FRAGMENT | ROOT, _, ..] => arbos >= ArbOs::FRAGMENTS,
        _ => false,
    }
}

/// Parses an account's code.
///
/// # Errors
/// If it is not a program's.
pub fn parse<'a>(code: &'a [u8], config: &Config) -> Result<Code<'a>, CodeError> {
    if !is_stylus(code, config.arbos) {
        return Err(CodeError::NotWasm);
    }
    match *code {
        [_, _, CLASSIC, dictionary, ref stream @ ..] => Ok(Code::Classic {
            dictionary: Dictionary::of(dictionary)?,
            stream,
        }),
        [_, _, ROOT, dictionary, a, b, c, d, ref addresses @ ..] => {
            let (fragments, []) = addresses.as_chunks::<ADDRESS>() else {
                return Err(CodeError::Root(code.len()));
            };
            if fragments.is_empty() {
                return Err(CodeError::Root(code.len()));
            }
            Ok(Code::Root {
                dictionary: Dictionary::of(dictionary)?,
                length: u32::from_be_bytes([a, b, c, d]),
                fragments: fragments.iter().map(Address::from).collect(),
            })
        }
        [_, _, ROOT, ..] => Err(CodeError::Root(code.len())),
        _ => Err(CodeError::Fragment),
    }
}

/// The slice of a brotli stream in a fragment's code.
///
/// # Errors
/// If it is not a fragment's.
pub fn fragment(code: &[u8]) -> Result<&[u8], CodeError> {
    match code {
        [0xEF, 0xF0, FRAGMENT, slice @ ..] => Ok(slice),
        _ => Err(CodeError::NotFragment),
    }
}

impl Code<'_> {
    /// The limits that only an activation checks of a root: the number of fragments and the size of the module.
    ///
    /// # Errors
    /// If the root exceeds a limit of the chain.
    pub fn check(&self, config: &Config) -> Result<(), CodeError> {
        let Self::Root {
            length, fragments, ..
        } = self
        else {
            return Ok(());
        };
        let limit = config.stylus.max_wasm_size;
        if *length > limit {
            return Err(CodeError::TooLarge { limit });
        }
        let (count, limit) = (fragments.len(), config.stylus.max_fragment_count);
        if count > usize::from(limit) {
            return Err(CodeError::TooManyFragments { count, limit });
        }
        Ok(())
    }

    /// The module. `fragments` are the slices that a root's accounts hold, in order; a classic program has none.
    /// `stylus_dictionary` is Nitro's dictionary for programs, if available.
    ///
    /// Bytes after the end of the stream are ignored.
    ///
    /// # Errors
    /// If the code does not decompress to a module of the right size.
    pub fn decompress(
        &self,
        fragments: &[&[u8]],
        stylus_dictionary: Option<&[u8]>,
        config: &Config,
    ) -> Result<Vec<u8>, CodeError> {
        match self {
            Self::Classic { dictionary, stream } => {
                let dictionary = dictionary.bytes(stylus_dictionary)?;
                let limit = config.stylus.max_wasm_size.min(MOST_LENGTH);
                decompress(stream, dictionary, limit)
            }
            Self::Root { length, .. } if *length > MOST_LENGTH => {
                Err(CodeError::TooLarge { limit: MOST_LENGTH })
            }
            Self::Root {
                dictionary, length, ..
            } => {
                let dictionary = dictionary.bytes(stylus_dictionary)?;
                let wasm = decompress(&fragments.concat(), dictionary, *length)?;
                match wasm.len() == *length as usize {
                    true => Ok(wasm),
                    false => Err(CodeError::Length {
                        stated: *length,
                        actual: wasm.len(),
                    }),
                }
            }
        }
    }
}

impl Dictionary {
    fn of(byte: u8) -> Result<Self, CodeError> {
        match byte {
            0 => Ok(Self::Empty),
            1 => Ok(Self::StylusProgram),
            other => Err(CodeError::UnknownDictionary(other)),
        }
    }

    fn bytes(self, stylus: Option<&[u8]>) -> Result<Vec<u8>, CodeError> {
        match (self, stylus) {
            (Self::Empty, _) => Ok(Vec::new()),
            (Self::StylusProgram, Some(bytes)) => Ok(bytes.to_vec()),
            (Self::StylusProgram, None) => Err(CodeError::NoDictionary),
        }
    }
}

/// Decompresses `stream` to at most `limit` bytes; the stream must end within them.
fn decompress(stream: &[u8], dictionary: Vec<u8>, limit: u32) -> Result<Vec<u8>, CodeError> {
    // The reader supports windows of more than 24 bits, which begin like this; standard brotli (RFC 7932) does not.
    if stream.first().is_some_and(|first| first & 0x7F == 0x11) {
        return Err(CodeError::Stream);
    }
    let mut wasm = Vec::new();
    let reader = brotli::Decompressor::new_with_custom_dict(stream, 4_096, dictionary.into());
    // One byte over the limit, to tell a longer module from one of exactly that length.
    reader
        .take(u64::from(limit) + 1)
        .read_to_end(&mut wasm)
        .map_err(|_| CodeError::Stream)?;
    match wasm.len() > limit as usize {
        true => Err(CodeError::TooLarge { limit }),
        false => Ok(wasm),
    }
}
