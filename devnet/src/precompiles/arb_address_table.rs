//! ArbAddressTable (0x66): numbers for addresses, to shorten calldata.
//!
//! Lives here: its functions. Not here: the table (`arbos::address_table`).

use alloy_primitives::U256;
use alloy_sol_types::sol;

use crate::arbos::address_table;
use crate::precompiles::call::Stop;
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbAddressTable {
        function addressExists(address addr) external view returns (bool);
        function compress(address addr) external returns (bytes);
        function decompress(bytes buf, uint256 offset) external view returns (address, uint256);
        function lookup(address addr) external view returns (uint256);
        function lookupIndex(uint256 index) external view returns (address);
        function register(address addr) external returns (uint256);
        function size() external view returns (uint256);
    }
}

use ArbAddressTable::*;

pub(super) const FUNCTIONS: &[Function] = functions! {
    View 0 addressExistsCall => |call, it| Ok(address_table::lookup(call, it.addr)?.is_some());
    Write 0 compressCall => |call, it| Ok(address_table::shorten(call, it.addr)?.into());
    View 0 decompressCall => |call, it| {
        let offset = usize::try_from(it.offset).ok();
        let bytes = offset.and_then(|offset| it.buf.get(offset..)).ok_or_else(|| {
            let len = it.buf.len();
            Stop::plain(format!("the offset {} is beyond the {len} bytes that are given", it.offset))
        })?;
        let (address, read) = address_table::lengthen(call, bytes)?
            .map_err(|error| Stop::plain(error.to_string()))?;
        Ok((address, U256::from(read)).into())
    };
    View 0 lookupCall => |call, it| match address_table::lookup(call, it.addr)? {
        Some(index) => Ok(U256::from(index)),
        None => Err(Stop::plain(format!("address {} does not exist in AddressTable", it.addr))),
    };
    View 0 lookupIndexCall => |call, it| {
        let missing = || Stop::plain(format!("index {} does not exist in AddressTable", it.index));
        let index = u64::try_from(it.index).map_err(|_| missing())?;
        address_table::at(call, index)?.ok_or_else(missing)
    };
    Write 0 registerCall => |call, it| Ok(U256::from(address_table::register(call, it.addr)?));
    View 0 sizeCall => |call, _| Ok(U256::from(address_table::size().get(call)?));
};
