// Hardhat 3, run by `hardhat run`: network-helpers, the matchers of reverts and events, and Ignition.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buildModule } from '@nomicfoundation/hardhat-ignition/modules';
import { expect } from 'chai';
import { network } from 'hardhat';
import { banks } from '../banks.cjs';
import { check, end } from '../suite.cjs';

const artifact = JSON.parse(readFileSync(process.env.BANK_ARTIFACT, 'utf8'));
const friend = '0x00000000000000000000000000000000000000AA';
const { ethers, ignition, networkHelpers: helpers } = await network.create({ network: 'devnet' });

async function deployed() {
  const [, signer] = await ethers.getSigners();
  const factory = new ethers.ContractFactory(artifact.abi, artifact.bytecode, signer);
  const bank = await factory.deploy('ours');
  await bank.waitForDeployment();
  return { bank, signer };
}

const newest = () => ethers.provider.getBlock('latest');

await check('a fixture is loaded, and what a test did to it taken back', async () => {
  const { bank, signer } = await helpers.loadFixture(deployed);
  await (await bank.pay({ value: 5n })).wait();
  const again = await helpers.loadFixture(deployed);
  assert.equal(again.bank.target, bank.target);
  assert.equal(await bank.balances(signer.address), 0n);
});
await check('time moves, and blocks are mined', async () => {
  const { bank } = await helpers.loadFixture(deployed);
  const before = await helpers.time.latest();
  await helpers.time.increase(3_600);
  await helpers.time.increaseTo(before + 86_400);
  assert.equal(await helpers.time.latest(), before + 86_400);
  assert.equal(await bank.isOld(), true);
  await helpers.time.setNextBlockTimestamp(before + 90_000);
  await helpers.mine();
  assert.equal(await helpers.time.latest(), before + 90_000);
  const number = await helpers.time.latestBlock();
  await helpers.mine(10, { interval: 15 });
  await helpers.mineUpTo(number + 20);
  assert.equal(await helpers.time.latestBlock(), number + 20);
});
await check('balances, nonces, code and storage are set', async () => {
  await helpers.setBalance(friend, 77n);
  await helpers.setNonce(friend, 5);
  await helpers.setCode(friend, '0x5f');
  await helpers.setStorageAt(friend, 1, 9);
  assert.equal(await ethers.provider.getBalance(friend), 77n);
  assert.equal(await ethers.provider.getTransactionCount(friend), 5);
  assert.equal(await ethers.provider.getCode(friend), '0x5f');
  assert.equal(BigInt(await helpers.getStorageAt(friend, 1)), 9n);
  await helpers.setCode(friend, '0x');
});
await check('an impersonated account sends', async () => {
  await helpers.impersonateAccount(friend);
  await helpers.setBalance(friend, 10n ** 18n);
  const signer = await ethers.getSigner(friend);
  const receipt = await (await signer.sendTransaction({ to: friend, value: 1n })).wait();
  assert.equal(receipt.from, friend);
  await helpers.stopImpersonatingAccount(friend);
});
await check('a transaction that waits is dropped', async () => {
  const [signer] = await ethers.getSigners();
  await ethers.provider.send('evm_setAutomine', [false]);
  const sent = await signer.sendTransaction({ to: friend });
  await helpers.dropTransaction(sent.hash);
  await helpers.mine();
  await ethers.provider.send('evm_setAutomine', [true]);
  assert.equal(await ethers.provider.getTransactionReceipt(sent.hash), null);
});
await check('blocks have the fee and the limit that were set', async () => {
  const snapshot = await helpers.takeSnapshot();
  await helpers.setNextBlockBaseFeePerGas(200_000_000n);
  await helpers.setBlockGasLimit(30_000_000n);
  await helpers.mine();
  assert.equal((await newest()).baseFeePerGas, 200_000_000n);
  assert.equal((await newest()).gasLimit, 30_000_000n);
  await snapshot.restore();
  assert.notEqual((await newest()).gasLimit, 30_000_000n);
});
await check('matchers know reverts, events and balances', async () => {
  const { bank, signer } = await helpers.loadFixture(deployed);
  await expect(bank.fail(0)).to.be.revertedWith('as you wish');
  await expect(bank.fail(1)).to.be.revertedWithPanic(0x01);
  await expect(bank.fail(2)).to.be.revertedWithoutReason(ethers);
  await expect(bank.fail(3)).to.be.revertedWithPanic(0x12);
  const tooLittle = expect(bank.take(1n)).to.be.revertedWithCustomError(bank, 'TooLittle');
  await tooLittle.withArgs(signer.address, 1n, 0n);
  await expect(bank.pay({ value: 5n })).to.emit(bank, 'Paid').withArgs(signer.address, 5n);
  await expect(() => bank.pay({ value: 5n })).to.changeEtherBalances(ethers, [signer, bank], [-5n, 5n]);
});
await check('Ignition deploys a module', async () => {
  const { first, second } = await ignition.deploy(banks(buildModule, artifact));
  const [signer] = await ethers.getSigners();
  assert.equal(await first.name(), 'first');
  assert.equal(await first.balances(signer.address), 5n);
  assert.equal(await second.balances(signer.address), 3n);
});
end();
