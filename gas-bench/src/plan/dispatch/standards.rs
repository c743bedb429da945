//! Functions that everybody writes alike: those of standards, by their selectors.
//!
//! Lives here: the signatures. Not here: whether a contract has them (`dispatch`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use alloy_json_abi::Function;
use alloy_primitives::Selector;

/// Of ERC-20 and what tokens have besides, ERC-2612, 5267, 721, 1155, 4626, 165, 2981, 1967 and OpenZeppelin's access control, as
/// <https://eips.ethereum.org> and <https://docs.openzeppelin.com/contracts> have them.
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
vestedAmount(address token, uint64 timestamp) view returns (uint256)";

static BY_SELECTOR: LazyLock<BTreeMap<Selector, Function>> = LazyLock::new(|| {
    let functions = SIGNATURES
        .lines()
        .filter_map(|line| Function::parse(line).ok());
    functions
        .map(|function| (function.selector(), function))
        .collect()
});

/// The function of a standard that has this selector.
pub fn standard(selector: Selector) -> Option<&'static Function> {
    BY_SELECTOR.get(&selector)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::fixed_bytes;

    use super::*;

    #[test]
    fn every_signature_is_a_function_of_its_own() {
        assert_eq!(BY_SELECTOR.len(), SIGNATURES.lines().count());
        let known = |selector| standard(selector).map(Function::signature);
        assert_eq!(
            known(fixed_bytes!("a9059cbb")).as_deref(),
            Some("transfer(address,uint256)")
        );
        assert_eq!(known(fixed_bytes!("00000000")), None);
    }
}
