//! Standard functions, by their selectors.
//!
//! Lives here: the signatures. Not here: whether a contract has them (`dispatch`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use alloy_json_abi::Function;
use alloy_primitives::{Selector, fixed_bytes};

/// Signatures of ERC-20 and common token extensions, ERC-2612, 5267, 721, 1155, 4626, 6909, 165, 1271, 1363, 2981, 3156, 5805, 6372, 1967
/// and OpenZeppelin's access control, wrappers and safe transfers, as given in <https://eips.ethereum.org> and
/// <https://docs.openzeppelin.com/contracts>.
const SIGNATURES: &str = "\
name() view returns (string)
symbol() view returns (string)
decimals() view returns (uint8)
totalSupply() view returns (uint256)
balanceOf(address account) view returns (uint256)
transfer(address to, uint256 value) returns (bool)
allowance(address owner, address spender) view returns (uint256)
approve(address spender, uint256 value) returns (bool)
transferFrom(address from, address to, uint256 value) returns (bool)
increaseAllowance(address spender, uint256 addedValue) returns (bool)
decreaseAllowance(address spender, uint256 subtractedValue) returns (bool)
mint(address to, uint256 value)
mint(uint256 value)
burn(uint256 value)
burn(address from, uint256 value)
burnFrom(address account, uint256 value)
cap() view returns (uint256)
maxFlashLoan(address token) view returns (uint256)
flashFee(address token, uint256 value) view returns (uint256)
flashLoan(address receiver, address token, uint256 value, bytes data) returns (bool)
permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
nonces(address owner) view returns (uint256)
DOMAIN_SEPARATOR() view returns (bytes32)
eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])
depositFor(address account, uint256 value) returns (bool)
withdrawTo(address account, uint256 value) returns (bool)
underlying() view returns (address)
supportsInterface(bytes4 interfaceId) view returns (bool)
ownerOf(uint256 tokenId) view returns (address)
tokenURI(uint256 tokenId) view returns (string)
baseURI() view returns (string)
safeTransferFrom(address from, address to, uint256 tokenId)
safeTransferFrom(address from, address to, uint256 tokenId, bytes data)
setApprovalForAll(address operator, bool approved)
getApproved(uint256 tokenId) view returns (address)
isApprovedForAll(address owner, address operator) view returns (bool)
tokenOfOwnerByIndex(address owner, uint256 index) view returns (uint256)
tokenByIndex(uint256 index) view returns (uint256)
safeMint(address to, uint256 tokenId)
safeMint(address to, uint256 tokenId, bytes data)
royaltyInfo(uint256 tokenId, uint256 salePrice) view returns (address, uint256)
onERC721Received(address operator, address from, uint256 tokenId, bytes data) returns (bytes4)
onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes data) returns (bytes4)
onERC1155BatchReceived(address operator, address from, uint256[] ids, uint256[] values, bytes data) returns (bytes4)
balanceOf(address account, uint256 id) view returns (uint256)
balanceOfBatch(address[] accounts, uint256[] ids) view returns (uint256[])
safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data)
safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] values, bytes data)
uri(uint256 id) view returns (string)
mint(address to, uint256 id, uint256 value, bytes data)
mintBatch(address to, uint256[] ids, uint256[] values, bytes data)
burn(address account, uint256 id, uint256 value)
burnBatch(address account, uint256[] ids, uint256[] values)
totalSupply(uint256 id) view returns (uint256)
exists(uint256 id) view returns (bool)
asset() view returns (address)
totalAssets() view returns (uint256)
convertToShares(uint256 assets) view returns (uint256)
convertToAssets(uint256 shares) view returns (uint256)
maxDeposit(address receiver) view returns (uint256)
previewDeposit(uint256 assets) view returns (uint256)
deposit(uint256 assets, address receiver) returns (uint256)
maxMint(address receiver) view returns (uint256)
previewMint(uint256 shares) view returns (uint256)
mint(uint256 shares, address receiver) returns (uint256)
maxWithdraw(address owner) view returns (uint256)
previewWithdraw(uint256 assets) view returns (uint256)
withdraw(uint256 assets, address receiver, address owner) returns (uint256)
maxRedeem(address owner) view returns (uint256)
previewRedeem(uint256 shares) view returns (uint256)
redeem(uint256 shares, address receiver, address owner) returns (uint256)
deposit() payable
withdraw(uint256 value)
owner() view returns (address)
transferOwnership(address newOwner)
renounceOwnership()
pendingOwner() view returns (address)
acceptOwnership()
hasRole(bytes32 role, address account) view returns (bool)
getRoleAdmin(bytes32 role) view returns (bytes32)
grantRole(bytes32 role, address account)
revokeRole(bytes32 role, address account)
renounceRole(bytes32 role, address account)
DEFAULT_ADMIN_ROLE() view returns (bytes32)
paused() view returns (bool)
pause()
unpause()
whenPaused() view
whenNotPaused() view
proxiableUUID() view returns (bytes32)
upgradeToAndCall(address newImplementation, bytes data) payable
UPGRADE_INTERFACE_VERSION() view returns (string)
implementation() view returns (address)
initialize()
start() view returns (uint256)
end() view returns (uint256)
duration() view returns (uint256)
released() view returns (uint256)
released(address token) view returns (uint256)
releasable() view returns (uint256)
releasable(address token) view returns (uint256)
release()
release(address token)
vestedAmount(uint64 timestamp) view returns (uint256)
vestedAmount(address token, uint64 timestamp) view returns (uint256)
onlyRole(bytes32 role) view
getRoleMember(bytes32 role, uint256 index) view returns (address)
getRoleMemberCount(bytes32 role) view returns (uint256)
upgradeTo(address newImplementation)
depositFor(address account, uint256[] tokenIds) returns (bool)
withdrawTo(address account, uint256[] tokenIds) returns (bool)
safeTransfer(address token, address to, uint256 value)
safeTransferFrom(address token, address from, address to, uint256 value)
trySafeTransfer(address token, address to, uint256 value) returns (bool)
trySafeTransferFrom(address token, address from, address to, uint256 value) returns (bool)
safeIncreaseAllowance(address token, address spender, uint256 value)
safeDecreaseAllowance(address token, address spender, uint256 requestedDecrease)
forceApprove(address token, address spender, uint256 value)
allowance(address owner, address spender, uint256 id) view returns (uint256)
isOperator(address owner, address spender) view returns (bool)
setOperator(address spender, bool approved) returns (bool)
transfer(address receiver, uint256 id, uint256 amount) returns (bool)
transferFrom(address sender, address receiver, uint256 id, uint256 amount) returns (bool)
approve(address spender, uint256 id, uint256 amount) returns (bool)
contractURI() view returns (string)
isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)
transferAndCall(address to, uint256 value) returns (bool)
transferAndCall(address to, uint256 value, bytes data) returns (bool)
onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes data) returns (bytes32)
getVotes(address account) view returns (uint256)
getPastVotes(address account, uint256 timepoint) view returns (uint256)
getPastTotalSupply(uint256 timepoint) view returns (uint256)
delegates(address account) view returns (address)
delegate(address delegatee)
clock() view returns (uint48)
CLOCK_MODE() view returns (string)
multicall(bytes[] data) returns (bytes[])";

/// Functions of ERC-721 and its common extensions that share a selector with one of ERC-20: here the number is a token, and nothing is
/// returned.
const OF_NFTS: &str = "\
approve(address to, uint256 tokenId)
transferFrom(address from, address to, uint256 tokenId)
transfer(address to, uint256 tokenId)
mint(address to, uint256 tokenId)
mint(uint256 tokenId)
burn(uint256 tokenId)
burn(address owner, uint256 tokenId)";

/// Functions that only ERC-721 has: `ownerOf(uint256)`, `safeTransferFrom(address,address,uint256)` and its overload with `bytes`,
/// `getApproved(uint256)` and `tokenURI(uint256)`.
const MARKS_OF_NFTS: [Selector; 5] = [
    fixed_bytes!("6352211e"),
    fixed_bytes!("42842e0e"),
    fixed_bytes!("b88d4fde"),
    fixed_bytes!("081812fc"),
    fixed_bytes!("c87b56dd"),
];

/// A function that ERC-20 has and ERC-721 lacks: `allowance(address,address)`. A token that has both also takes amounts.
const MARK_OF_AMOUNTS: Selector = fixed_bytes!("dd62ed3e");

static BY_SELECTOR: LazyLock<BTreeMap<Selector, Function>> = LazyLock::new(|| read(SIGNATURES));

static OF_NFTS_BY_SELECTOR: LazyLock<BTreeMap<Selector, Function>> =
    LazyLock::new(|| read(OF_NFTS));

fn read(signatures: &str) -> BTreeMap<Selector, Function> {
    let functions = signatures
        .lines()
        .filter_map(|line| Function::parse(line).ok());
    functions
        .map(|function| (function.selector(), function))
        .collect()
}

/// Whether a contract that answers these selectors has numbered tokens.
pub fn is_nft(answered: &BTreeSet<Selector>) -> bool {
    let has = |selector: &Selector| answered.contains(selector);
    MARKS_OF_NFTS.iter().any(has) && !has(&MARK_OF_AMOUNTS)
}

/// The selectors of all standard functions.
pub(super) fn selectors() -> impl Iterator<Item = Selector> {
    BY_SELECTOR.keys().copied()
}

/// The standard function with this selector, in a contract that answers `answered`: standards share selectors.
pub fn standard(selector: Selector, answered: &BTreeSet<Selector>) -> Option<&'static Function> {
    let of_nfts = OF_NFTS_BY_SELECTOR.get(&selector);
    let of_nfts = of_nfts.filter(|_| is_nft(answered));
    of_nfts.or_else(|| BY_SELECTOR.get(&selector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_a_function_of_its_own() {
        assert_eq!(BY_SELECTOR.len(), SIGNATURES.lines().count());
        assert_eq!(OF_NFTS_BY_SELECTOR.len(), OF_NFTS.lines().count());
        let known = |selector| standard(selector, &BTreeSet::new()).map(Function::signature);
        assert_eq!(
            known(fixed_bytes!("a9059cbb")).as_deref(),
            Some("transfer(address,uint256)")
        );
        assert_eq!(known(fixed_bytes!("00000000")), None);
    }

    /// Theorem: a selector of two standards belongs to the one whose other functions the contract answers.
    #[test]
    fn tokens_are_told_apart_by_what_they_answer_besides() {
        for function in OF_NFTS_BY_SELECTOR.values() {
            let selector = function.selector();
            let of = |answered: &[Selector]| {
                let answered = answered.iter().copied().chain([selector]).collect();
                standard(selector, &answered).unwrap()
            };
            let fungible = of(&[fixed_bytes!("a9059cbb"), fixed_bytes!("01ffc9a7")]);
            let amount = &fungible.inputs.last().unwrap().name;
            assert_eq!(amount, "value", "{function:?}");
            for mark in MARKS_OF_NFTS {
                assert!(BY_SELECTOR.contains_key(&mark));
                let unique = of(&[mark]);
                assert_eq!(unique.inputs.last().unwrap().name, "tokenId");
                assert!(unique.outputs.is_empty(), "{unique:?}");
                assert_eq!(of(&[mark, MARK_OF_AMOUNTS]), fungible);
            }
        }
    }
}
