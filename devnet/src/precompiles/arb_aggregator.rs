//! ArbAggregator (0x6d): the accounts that post batches to L1, and where they are paid.
//!
//! Lives here: its functions. Not here: the table (`arbos::posters`).

use alloy_primitives::{Address, U256};
use alloy_sol_types::sol;

use crate::addresses::SEQUENCER;
use crate::arbos::{chain_owners, posters};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbAggregator {
        function getPreferredAggregator(address addr) external view returns (address, bool);
        function getDefaultAggregator() external view returns (address);
        function getBatchPosters() external view returns (address[]);
        function addBatchPoster(address newBatchPoster) external;
        function getFeeCollector(address batchPoster) external view returns (address);
        function setFeeCollector(address batchPoster, address newFeeCollector) external;
        function getTxBaseFee(address aggregator) external view returns (uint256);
        function setTxBaseFee(address aggregator, uint256 feeInL1Gas) external;
    }
}

use ArbAggregator::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 getPreferredAggregatorCall => |_, _| Ok((SEQUENCER, true).into());
    View 0 getDefaultAggregatorCall => |_, _| Ok(SEQUENCER);
    View 0 getBatchPostersCall => |call, _| posters::posters().all(call);
    Write 0 addBatchPosterCall => |call, it| {
        let caller = call.caller;
        if !chain_owners().contains(call, caller)? {
            return Err(Stop::plain("addBatchPoster must be called by chain owner"));
        }
        if !posters::posters().contains(call, it.newBatchPoster)? {
            posters::add(call, it.newBatchPoster)?;
        }
        Ok(addBatchPosterReturn {})
    };
    View 0 getFeeCollectorCall => |call, it| collector(call, it.batchPoster);
    Write 0 setFeeCollectorCall => |call, it| {
        let old = collector(call, it.batchPoster)?;
        let caller = call.caller;
        if caller != it.batchPoster && caller != old && !chain_owners().contains(call, caller)? {
            return Err(Stop::plain(
                "only a batch poster (or its fee collector / chain owner) may change its fee collector",
            ));
        }
        posters::pay_to(it.batchPoster).set(call, it.newFeeCollector)?;
        Ok(setFeeCollectorReturn {})
    };
    // Exists for contracts older than Nitro.
    View 0 getTxBaseFeeCall => |_, _| Ok(U256::ZERO);
    Write 0 setTxBaseFeeCall => |_, _| Ok(setTxBaseFeeReturn {});
};

fn collector(call: &mut Call<'_>, poster: Address) -> Result<Address, Stop> {
    match posters::posters().contains(call, poster)? {
        true => posters::pay_to(poster).get(call),
        false => Err(Stop::plain(format!("{poster} is not a batch poster"))),
    }
}
