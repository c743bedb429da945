// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What the suites call: state, events, time, value, and every way to fail.
contract Bank {
    error TooLittle(address who, uint256 wanted, uint256 had);

    event Paid(address indexed who, uint256 amount);

    mapping(address => uint256) public balances;
    string public name;
    uint256 public immutable opened;

    constructor(string memory name_) {
        name = name_;
        opened = block.timestamp;
    }

    receive() external payable {
        pay();
    }

    function pay() public payable {
        balances[msg.sender] += msg.value;
        emit Paid(msg.sender, msg.value);
    }

    function take(uint256 amount) external {
        uint256 had = balances[msg.sender];
        if (had < amount) revert TooLittle(msg.sender, amount, had);
        balances[msg.sender] = had - amount;
        (bool paid, ) = msg.sender.call{value: amount}("");
        require(paid);
    }

    function isOld() external view returns (bool) {
        return block.timestamp >= opened + 1 days;
    }

    function fail(uint256 how) external pure returns (uint256) {
        if (how == 0) require(false, "as you wish");
        if (how == 1) assert(false);
        if (how == 2) revert();
        return 1 / (how - 3);
    }
}
