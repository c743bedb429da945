// Hardhat 2 with its network-helpers: what its users' tests call before and between their own.
'use strict';
const assert = require('node:assert/strict');
const helpers = require('@nomicfoundation/hardhat-network-helpers');
const { ethers } = require('ethers');
const { network } = require('hardhat');

const artifact = require(process.env.BANK_ARTIFACT);
const friend = '0x00000000000000000000000000000000000000AA';
const provider = new ethers.BrowserProvider(network.provider, undefined, { cacheTimeout: -1 });

async function deployed() {
  const signer = await provider.getSigner(1);
  const factory = new ethers.ContractFactory(artifact.abi, artifact.bytecode, signer);
  const bank = await factory.deploy('ours');
  await bank.waitForDeployment();
  return { bank, signer };
}

describe('network-helpers', () => {
  it('loads a fixture, and takes back what a test did to it', async () => {
    const { bank, signer } = await helpers.loadFixture(deployed);
    await (await bank.pay({ value: 5n })).wait();
    const again = await helpers.loadFixture(deployed);
    assert.equal(again.bank.target, bank.target);
    assert.equal(await bank.balances(signer.address), 0n);
  });

  it('moves time', async () => {
    const { bank } = await helpers.loadFixture(deployed);
    const before = await helpers.time.latest();
    await helpers.time.increase(3_600);
    assert.ok((await helpers.time.latest()) >= before + 3_600);
    await helpers.time.increaseTo(before + 86_400);
    assert.equal(await helpers.time.latest(), before + 86_400);
    assert.equal(await bank.isOld(), true);
    await helpers.time.setNextBlockTimestamp(before + 90_000);
    await helpers.mine();
    assert.equal(await helpers.time.latest(), before + 90_000);
  });

  it('mines', async () => {
    const before = await helpers.time.latestBlock();
    await helpers.mine(10, { interval: 15 });
    await helpers.mineUpTo(before + 20);
    assert.equal(await helpers.time.latestBlock(), before + 20);
  });

  it('sets balances, nonces, code and storage', async () => {
    await helpers.setBalance(friend, 77n);
    await helpers.setNonce(friend, 5);
    await helpers.setCode(friend, '0x5f');
    await helpers.setStorageAt(friend, 1, 9);
    assert.equal(await provider.getBalance(friend), 77n);
    assert.equal(await provider.getTransactionCount(friend), 5);
    assert.equal(await provider.getCode(friend), '0x5f');
    assert.equal(BigInt(await helpers.getStorageAt(friend, 1)), 9n);
    await helpers.setCode(friend, '0x');
  });

  it('impersonates', async () => {
    await helpers.setBalance(friend, ethers.parseEther('1'));
    await helpers.impersonateAccount(friend);
    const signer = await provider.getSigner(friend);
    const receipt = await (await signer.sendTransaction({ to: ethers.ZeroAddress, value: 1n })).wait();
    assert.equal(receipt.from, friend);
    await helpers.stopImpersonatingAccount(friend);
  });

  it('takes snapshots', async () => {
    const snapshot = await helpers.takeSnapshot();
    await helpers.setBalance(friend, 1n);
    await snapshot.restore();
    assert.notEqual(await provider.getBalance(friend), 1n);
  });

  it('drops a transaction', async () => {
    const signer = await provider.getSigner(1);
    await network.provider.send('evm_setAutomine', [false]);
    const hash = await signer.sendUncheckedTransaction({ to: friend, value: 1n });
    await helpers.dropTransaction(hash);
    await network.provider.send('evm_setAutomine', [true]);
    await helpers.mine();
    assert.equal(await provider.getTransaction(hash), null);
  });

  it('sets fees, randomness and the coinbase', async () => {
    await helpers.setNextBlockBaseFeePerGas(100_000_000n);
    await helpers.setPrevRandao(3n);
    await helpers.setCoinbase(friend);
    await helpers.mine();
  });
});
