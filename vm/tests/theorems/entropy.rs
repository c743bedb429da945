//! Choices: a generator makes them from bytes, and seeded bytes replace a fuzzer's.
//!
//! Lives here: reading choices from bytes, and the seeded bytes. Not here: what is chosen.

/// Choices read from bytes. After the last byte every choice is the first, so that generators end.
pub(crate) struct Choices<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Choices<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.iter(),
        }
    }

    /// Choices from the next of `parts` equal parts of the remaining bytes.
    pub(crate) fn share(&mut self, parts: usize) -> Self {
        let (first, rest) = self.bytes.as_slice().split_at(self.bytes.len() / parts);
        self.bytes = rest.iter();
        Self::of(first)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.bytes.len() == 0
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let mut number = usize::from(self.byte());
        if end > 256 {
            number = number << 16 | usize::from(self.byte()) << 8 | usize::from(self.byte());
        }
        number % end.max(1)
    }

    /// True once in `times`; never after the last byte.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Any 64 bits, with a preference for small and extreme values.
    pub(crate) fn word(&mut self) -> u64 {
        let byte = self.byte();
        match byte % 8 {
            0..=3 => u64::from(byte >> 3),
            4 => !u64::from(byte >> 3),
            5 => 1 << (byte >> 2),
            6 => self.pick(&[
                i64::MIN as u64,
                i32::MIN as u64,
                0x8000_0000,
                65_535,
                65_536,
            ]),
            _ => (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte())),
        }
    }
}

/// The same `len` bytes for the same `seed` everywhere (splitmix64).
pub(crate) fn seeded(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend((word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
