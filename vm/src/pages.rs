//! Pages of linear memory and what a transaction pays for them.
//!
//! Lives here: the page counters of a transaction and the price of adding pages to them. Not here: the wasm memory
//! itself (`guest`) nor who pays (`hostio::meter` for growth, the chain for a program's footprint).

use std::fmt;

use crate::ink::Gas;

/// A number of 64 KiB wasm pages, as the chain counts them: 16 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pages(pub u16);

impl Pages {
    /// The size of one page in bytes.
    pub const BYTES: u64 = 65_536;

    /// The sum, at most 65,535.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, at least zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "1 page"),
            pages => write!(f, "{pages} pages"),
        }
    }
}

/// The pages that one transaction holds. They live outside the journal: a reverted call closes the pages it opened,
/// but the high-water mark stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PageCounters {
    /// Pages that all live Stylus frames of the transaction hold now.
    pub open: Pages,
    /// The most that were open at once.
    pub ever: Pages,
}

impl PageCounters {
    /// Opens `new` more pages and returns the previous counters, from which the price is computed.
    pub fn add(&mut self, new: Pages) -> Self {
        let before = *self;
        self.open = self.open.saturating_add(new);
        self.ever = self.ever.max(self.open);
        before
    }

    /// Closes the pages of a call that began with the counters at `before`.
    pub fn close(&mut self, before: Self) {
        self.open = before.open;
    }
}

/// The price of memory: linear beyond the free pages, plus a curve over the high-water mark; and its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryModel {
    /// Pages that a transaction gets free of charge.
    pub free_pages: Pages,
    /// Gas for each open page beyond the free ones.
    pub page_gas: Gas,
    /// Pages that all live programs of a transaction may hold together.
    pub limit: Pages,
}

impl MemoryModel {
    /// Gas for opening `new` pages on top of `counters`, saturating at the unaffordable [`Gas::MAX`].
    pub fn cost(&self, new: Pages, counters: PageCounters) -> Gas {
        let open = counters.open.saturating_add(new);
        if open > self.limit {
            return Gas::MAX;
        }
        let ever = counters.ever.max(open);
        if ever <= self.free_pages {
            return Gas::ZERO;
        }
        let charged = |pages: Pages| u64::from(pages.saturating_sub(self.free_pages).0);
        let linear = self
            .page_gas
            .saturating_mul(charged(open) - charged(counters.open));
        linear.saturating_add(Gas(ramp(ever) - ramp(counters.ever)))
    }
}

/// Total gas of the curve up to a high-water mark of `ever` pages; more than 128 are unaffordable.
fn ramp(ever: Pages) -> u64 {
    RAMP.get(usize::from(ever.0)).copied().unwrap_or(u64::MAX)
}

/// `floor(b^i)` with `b = exp(ln(31_874_000) / 128)` in IEEE doubles: the literal table of Nitro's memory model,
/// because exact arithmetic gives one more at index 128.
#[rustfmt::skip]
const RAMP: [u64; 129] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7,
    8, 9, 11, 12, 14, 17, 19, 22, 25, 29, 33, 38, 43, 50, 57, 65,
    75, 85, 98, 112, 128, 147, 168, 193, 221, 253, 289, 331, 379, 434, 497, 569,
    651, 745, 853, 976, 1117, 1279, 1463, 1675, 1917, 2194, 2511, 2874, 3290, 3765, 4309, 4932,
    5645, 6461, 7395, 8464, 9687, 11087, 12689, 14523, 16621, 19024, 21773, 24919, 28521, 32642, 37359, 42758,
    48938, 56010, 64104, 73368, 83971, 96106, 109994, 125890, 144082, 164904, 188735, 216010, 247226, 282953, 323844, 370643,
    424206, 485509, 555672, 635973, 727880, 833067, 953456, 1091243, 1248941, 1429429, 1636000, 1872423, 2143012, 2452704, 2807151, 3212820,
    3677113, 4208502, 4816684, 5512756, 6309419, 7221210, 8264766, 9459129, 10826093, 12390601, 14181199, 16230562, 18576084, 21260563, 24332984, 27849408,
    31873999,
];

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: MemoryModel = MemoryModel {
        free_pages: Pages(2),
        page_gas: Gas(1_000),
        limit: Pages(u16::MAX),
    };

    fn check(new: u16, open: u16, ever: u16, gas: u64) {
        let counters = PageCounters {
            open: Pages(open),
            ever: Pages(ever),
        };
        assert_eq!(
            MODEL.cost(Pages(new), counters),
            Gas(gas),
            "{new} pages on {counters:?}"
        );
    }

    #[test]
    fn cost_of_pages() {
        check(0, 0, 0, 0);
        check(2, 0, 0, 0);
        check(3, 0, 0, 1_000);
        check(128, 0, 0, 31_999_998);
        // Upstream's ink test: pay_for_memory_grow(100) with one page open costs 9,320,660,000 ink.
        check(100, 1, 1, 932_066);
        // Below the high-water mark only the linear part is due.
        check(10, 2, 64, 10_000);
        // More than 128 pages are unaffordable, unless the mark is there already (the curve's difference is then
        // zero).
        check(129, 0, 0, u64::MAX);
        check(1, 2, 200, 1_000);
        check(u16::MAX, u16::MAX, u16::MAX, 0);
    }

    /// A limit below the high-water mark refuses what would be cheap.
    #[test]
    fn nothing_pays_for_pages_beyond_the_limit() {
        let model = MemoryModel {
            free_pages: Pages(1_000),
            limit: Pages(10),
            ..MODEL
        };
        for (new, open, gas) in [
            (10, 0, Gas::ZERO),
            (11, 0, Gas::MAX),
            (1, 9, Gas::ZERO),
            (1, 10, Gas::MAX),
        ] {
            let counters = PageCounters {
                open: Pages(open),
                ever: Pages(500),
            };
            assert_eq!(model.cost(Pages(new), counters), gas, "{new} on {open}");
        }
    }

    /// Theorem: reaching 128 pages costs the same in any pattern of steps.
    #[test]
    fn cost_is_path_independent() {
        for step in [1, 2, 4, 8, 16, 32, 64, 128] {
            let mut counters = PageCounters::default();
            let mut total = Gas::ZERO;
            while counters.open < Pages(128) {
                let before = counters.add(Pages(step));
                total += MODEL.cost(Pages(step), before);
            }
            assert_eq!(total, Gas(31_999_998), "in steps of {step}");
        }
    }

    #[test]
    fn counters_saturate_and_return_what_was() {
        let mut counters = PageCounters {
            open: Pages(65_000),
            ever: Pages(65_001),
        };
        let before = counters.add(Pages(1_000));
        assert_eq!(
            before,
            PageCounters {
                open: Pages(65_000),
                ever: Pages(65_001)
            }
        );
        assert_eq!(
            counters,
            PageCounters {
                open: Pages(u16::MAX),
                ever: Pages(u16::MAX)
            }
        );
        counters.close(before);
        assert_eq!(
            (counters.open, counters.ever),
            (Pages(65_000), Pages(u16::MAX))
        );
    }
}
