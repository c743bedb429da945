//! The table: every precompile, and every function of Arbitrum's published interfaces.
//!
//! Lives here: what a row is, and each precompile's address. It alone decides which calls are dispatched, refused and listed (in
//! the README). A precompile's rows are in its file, beside the code.

use alloy_primitives::{Address, Bytes};

use crate::addresses::{
    ARB_ADDRESS_TABLE, ARB_AGGREGATOR, ARB_BLS, ARB_DEBUG, ARB_FILTERED_TRANSACTIONS_MANAGER,
    ARB_FUNCTION_TABLE, ARB_GAS_INFO, ARB_INFO, ARB_NATIVE_TOKEN_MANAGER, ARB_OWNER,
    ARB_OWNER_PUBLIC, ARB_RETRYABLE_TX, ARB_STATISTICS, ARB_SYS, ARB_WASM, ARB_WASM_CACHE,
    ARBOS_ACTS, ARBOS_TEST, NODE_INTERFACE,
};
use crate::precompiles::call::{Call, Mutability, Stop};
use crate::precompiles::{
    arb_address_table, arb_aggregator, arb_debug, arb_filtered_transactions_manager,
    arb_function_table, arb_gas_info, arb_info, arb_native_token_manager, arb_owner,
    arb_owner_public, arb_retryable_tx, arb_statistics, arb_sys, arb_wasm, arb_wasm_cache,
    arbos_acts, arbos_test, node_interface,
};

/// A precompile.
pub(super) struct Precompile {
    pub(super) address: Address,
    pub(super) name: &'static str,
    /// The first ArbOS version that has it; before, its address is an empty account. 0 means every version that this chain
    /// supports.
    pub(super) since: u16,
    pub(super) functions: &'static [&'static [Function]],
    /// Decides who may call it and at what cost; mostly [`Call::dispatch`].
    pub(super) run: Run,
}

/// A function of a precompile.
pub(super) struct Function {
    /// Its name and argument types.
    pub(super) signature: &'static str,
    /// The first bytes of its calls.
    pub(super) selector: [u8; 4],
    pub(super) mutability: Mutability,
    /// The first ArbOS version that has it.
    pub(super) since: u16,
    /// The last ArbOS version that has it, if it was removed.
    pub(super) until: Option<u16>,
    pub(super) run: Run,
}

/// Answers a call.
pub(super) type Run = fn(&mut Call<'_>) -> Result<Bytes, Stop>;

impl Function {
    /// Its bare name.
    pub(super) fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }
}

impl Precompile {
    /// All its functions, in interface order.
    pub(super) fn functions(&self) -> impl Iterator<Item = &'static Function> + use<> {
        self.functions.iter().copied().flatten()
    }

    /// The function with a selector.
    pub(super) fn function(&self, selector: [u8; 4]) -> Option<&'static Function> {
        self.functions()
            .find(|function| function.selector == selector)
    }
}

/// The rows of a precompile: how each function may be called, from which ArbOS version on (and up to which), its type, and its code.
macro_rules! functions {
    ($($mutability:ident $since:literal $(..= $until:literal)? $function:ty => $run:expr;)*) => {
        &[$($crate::precompiles::table::Function {
            signature: <$function as alloy_sol_types::SolCall>::SIGNATURE,
            selector: <$function as alloy_sol_types::SolCall>::SELECTOR,
            mutability: $crate::precompiles::call::Mutability::$mutability,
            since: $since,
            until: $crate::precompiles::table::until!($($until)?),
            run: |call| call.answer::<$function>($run),
        }),*]
    };
}
pub(super) use functions;

macro_rules! until {
    () => {
        None
    };
    ($until:literal) => {
        Some($until)
    };
}
pub(super) use until;

/// A precompile that anybody may call.
const fn open(
    address: Address,
    name: &'static str,
    since: u16,
    functions: &'static [&'static [Function]],
) -> Precompile {
    Precompile {
        address,
        name,
        since,
        functions,
        run: |call| call.dispatch(),
    }
}

/// All precompiles, in the order of their addresses.
pub(super) const PRECOMPILES: &[Precompile] = &[
    open(ARB_SYS, "ArbSys", 0, &[arb_sys::FUNCTIONS]),
    open(ARB_INFO, "ArbInfo", 0, &[arb_info::FUNCTIONS]),
    open(
        ARB_ADDRESS_TABLE,
        "ArbAddressTable",
        0,
        &[arb_address_table::FUNCTIONS],
    ),
    // Its interface has been empty since Nitro.
    open(ARB_BLS, "ArbBLS", 0, &[]),
    open(
        ARB_FUNCTION_TABLE,
        "ArbFunctionTable",
        0,
        &[arb_function_table::FUNCTIONS],
    ),
    open(ARBOS_TEST, "ArbosTest", 0, &[arbos_test::FUNCTIONS]),
    open(
        ARB_OWNER_PUBLIC,
        "ArbOwnerPublic",
        0,
        &[arb_owner_public::FUNCTIONS],
    ),
    open(ARB_GAS_INFO, "ArbGasInfo", 0, &[arb_gas_info::FUNCTIONS]),
    open(
        ARB_AGGREGATOR,
        "ArbAggregator",
        0,
        &[arb_aggregator::FUNCTIONS],
    ),
    open(
        ARB_RETRYABLE_TX,
        "ArbRetryableTx",
        0,
        &[arb_retryable_tx::FUNCTIONS],
    ),
    open(
        ARB_STATISTICS,
        "ArbStatistics",
        0,
        &[arb_statistics::FUNCTIONS],
    ),
    Precompile {
        run: arb_owner::run,
        ..open(
            ARB_OWNER,
            "ArbOwner",
            0,
            &[
                arb_owner::accounts::FUNCTIONS,
                arb_owner::prices::FUNCTIONS,
                arb_owner::stylus::FUNCTIONS,
                arb_owner::chain::FUNCTIONS,
            ],
        )
    },
    open(ARB_WASM, "ArbWasm", 30, &[arb_wasm::FUNCTIONS]),
    open(
        ARB_WASM_CACHE,
        "ArbWasmCache",
        30,
        &[arb_wasm_cache::FUNCTIONS],
    ),
    open(
        ARB_NATIVE_TOKEN_MANAGER,
        "ArbNativeTokenManager",
        41,
        &[arb_native_token_manager::FUNCTIONS],
    ),
    Precompile {
        run: arb_filtered_transactions_manager::run,
        ..open(
            ARB_FILTERED_TRANSACTIONS_MANAGER,
            "ArbFilteredTransactionsManager",
            60,
            &[arb_filtered_transactions_manager::FUNCTIONS],
        )
    },
    open(ARB_DEBUG, "ArbDebug", 0, &[arb_debug::FUNCTIONS]),
    open(ARBOS_ACTS, "ArbosActs", 0, &[arbos_acts::FUNCTIONS]),
];

/// Called like a precompile, but exists only in simulated calls.
pub(super) const NODE: Precompile = open(
    NODE_INTERFACE,
    "NodeInterface",
    0,
    &[node_interface::FUNCTIONS],
);

/// The precompile or NodeInterface at an address.
pub(super) fn at(address: Address) -> Option<&'static Precompile> {
    match address {
        NODE_INTERFACE => Some(const { &NODE }),
        _ => PRECOMPILES.iter().find(|known| known.address == address),
    }
}
