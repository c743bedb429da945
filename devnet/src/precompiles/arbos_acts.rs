//! ArbosActs (0xa4b05): ArbOS's calls to itself, which nobody else may make.
//!
//! Lives here: its functions, which refuse every caller.

use alloy_sol_types::sol;

use crate::precompiles::call::Stop;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbosActs {
        function startBlock(uint256 l1BaseFee, uint64 l1BlockNumber, uint64 l2BlockNumber, uint64 timePassed) external;
        function batchPostingReport(uint256 batchTimestamp, address batchPosterAddress, uint64 batchNumber, uint64 batchDataGas, uint256 l1BaseFeeWei) external;
        function batchPostingReportV2(uint256 batchTimestamp, address batchPosterAddress, uint64 batchNumber, uint64 batchCalldataLength, uint64 batchCalldataNonZeros, uint64 batchExtraGas, uint256 l1BaseFeeWei) external;

        error CallerNotArbOS();
    }
}

use ArbosActs::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 0 startBlockCall => |_, _| Err(Stop::error(&CallerNotArbOS {}));
    Write 0 batchPostingReportCall => |_, _| Err(Stop::error(&CallerNotArbOS {}));
    Write 50 batchPostingReportV2Call => |_, _| Err(Stop::error(&CallerNotArbOS {}));
};
