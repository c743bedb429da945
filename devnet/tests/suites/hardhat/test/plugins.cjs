// Hardhat 2 with the plugins that most projects have: the matchers of reverts and events, and Ignition.
'use strict';
const assert = require('node:assert/strict');
const { buildModule } = require('@nomicfoundation/hardhat-ignition/modules');
const { expect } = require('chai');
const { ethers, ignition } = require('hardhat');
const { banks } = require('../../banks.cjs');

const artifact = require(process.env.BANK_ARTIFACT);

describe('plugins', () => {
  it('know reverts, events and balances', async () => {
    const [signer] = await ethers.getSigners();
    const bank = await new ethers.ContractFactory(artifact.abi, artifact.bytecode, signer).deploy('ours');
    await expect(bank.fail(0)).to.be.revertedWith('as you wish');
    await expect(bank.fail(1)).to.be.revertedWithPanic(0x01);
    await expect(bank.fail(2)).to.be.revertedWithoutReason();
    await expect(bank.fail(3)).to.be.revertedWithPanic(0x12);
    const tooLittle = expect(bank.take(1n)).to.be.revertedWithCustomError(bank, 'TooLittle');
    await tooLittle.withArgs(signer.address, 1n, 0n);
    await expect(bank.pay({ value: 5n })).to.emit(bank, 'Paid').withArgs(signer.address, 5n);
    await expect(() => bank.pay({ value: 5n })).to.changeEtherBalances([signer, bank], [-5n, 5n]);
  });

  it('deploy a module with Ignition', async () => {
    const { first, second } = await ignition.deploy(banks(buildModule, artifact));
    const [signer] = await ethers.getSigners();
    assert.equal(await first.name(), 'first');
    assert.equal(await first.balances(signer.address), 5n);
    assert.equal(await second.balances(signer.address), 3n);
  });
});
