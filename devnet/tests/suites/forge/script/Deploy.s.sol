// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bank} from "../src/Bank.sol";

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Deploys one contract by a nonce and one by a salt, and calls both.
contract Deploy {
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bool public IS_SCRIPT = true;

    function run() external {
        vm.startBroadcast();
        Bank bank = new Bank("scripted");
        bank.pay{value: 5}();
        Bank salted = new Bank{salt: bytes32(uint256(1))}("salted");
        salted.pay{value: 1}();
        vm.stopBroadcast();
    }
}
