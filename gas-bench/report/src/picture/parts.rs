//! The labels and colours of the parts of gas in drawings.
//!
//! Lives here: titles and classes. Not here: which parts there are (`figures`), drawing them (`bars`).

use crate::figures::Segment;

impl Segment {
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Transaction => "Transaction",
            Self::L1 => "L1",
            Self::Start => "Start",
            Self::Wasm => "WASM",
            Self::Storage => "Host: storage",
            Self::Calls => "Host: calls",
            Self::Logs => "Host: logs",
            Self::Hostios => "Host: other",
            Self::Pages => "Pages",
            Self::Other => "Other",
        }
    }

    /// The class that colours it.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Transaction => "of-transaction",
            Self::L1 => "of-l1",
            Self::Start => "of-start",
            Self::Wasm => "of-wasm",
            Self::Storage => "of-storage",
            Self::Calls => "of-calls",
            Self::Logs => "of-logs",
            Self::Hostios => "of-hostios",
            Self::Pages => "of-pages",
            Self::Other => "of-other",
        }
    }
}
