//! ArbOwner: the chain as a whole.
//!
//! Lives here: upgrades, configuration, and features that are on or off. Not here: their effects.

use alloy_primitives::U256;

use super::ArbOwner::*;
use crate::arbos;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

/// Brotli's highest quality.
const MOST_BROTLI: u64 = 11;

pub(in crate::precompiles) const FUNCTIONS: &[Function] = functions! {
    Write 0 scheduleArbOSUpgradeCall => |call, it| {
        arbos::schedule_upgrade(&mut call.free(), it.newVersion, it.timestamp)
            .map_err(|error| Stop::Plain(error.into()))?;
        Ok(scheduleArbOSUpgradeReturn {})
    };
    Write 20 setBrotliCompressionLevelCall => |call, it| {
        if it.level > MOST_BROTLI {
            return Err(Stop::plain(format!(
                "invalid brotli compression level: {} is above {MOST_BROTLI}", it.level
            )));
        }
        arbos::brotli_level().set(call, it.level)?;
        Ok(setBrotliCompressionLevelReturn {})
    };
    Write 11 setChainConfigCall => |call, it| {
        let config = it.chainConfig.as_bytes();
        // Nitro checks it when a client simulates, and stores anything in a block.
        if !call.context.chain.is_onchain {
            check_config(call, config)?;
        }
        arbos::chain_config().set(call, config)?;
        Ok(setChainConfigReturn {})
    };
    Write 40 setCalldataPriceIncreaseCall => |call, it| {
        arbos::set_calldata_price_increase(call, it.enable)?;
        Ok(setCalldataPriceIncreaseReturn {})
    };
    Write 60 setCollectTipsCall => |call, it| {
        arbos::collect_tips().set(call, it.collectTips)?;
        Ok(setCollectTipsReturn {})
    };
};

/// Reports errors in a configuration, as far as this chain can tell: it does not check the settings of Ethereum's forks.
fn check_config(call: &mut Call<'_>, config: &[u8]) -> Result<(), Stop> {
    #[derive(serde::Deserialize)]
    struct Known {
        #[serde(rename = "chainId")]
        chain_id: Option<u64>,
    }
    let known: Known = serde_json::from_slice(config).map_err(|error| {
        Stop::plain(format!("invalid chain config, can't deserialize: {error}"))
    })?;
    let Some(have) = known.chain_id else {
        return Err(Stop::plain("invalid chain config, missing chain id"));
    };
    let want = arbos::chain_id().get(call)?;
    if U256::from(have) != want {
        return Err(Stop::plain(format!(
            "invalid chain config, chain id mismatch, want: {want}, have: {have}"
        )));
    }
    if arbos::chain_config().get(call)? == config {
        return Err(Stop::plain(
            "new chain config is the same as old one in ArbOS state",
        ));
    }
    Ok(())
}
