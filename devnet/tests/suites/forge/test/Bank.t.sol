// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bank} from "../src/Bank.sol";

interface Vm {
    function createSelectFork(string calldata) external returns (uint256);
    function envString(string calldata) external view returns (string memory);
    function envAddress(string calldata) external view returns (address);
}

/// What is on the devnet, seen from a fork of it.
contract BankTest {
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function testTheStateOfTheDevnet() public {
        vm.createSelectFork(vm.envString("DEVNET_URL"));
        Bank bank = Bank(payable(vm.envAddress("BANK")));
        require(keccak256(bytes(bank.name())) == keccak256("created"));
        bank.pay{value: 3}();
        require(bank.balances(address(this)) == 3);
        require(block.chainid == 412346);
    }

    receive() external payable {}
}
