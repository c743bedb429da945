// viem: the test client's actions under both of its modes, public and wallet actions, and the classes of its errors.
'use strict';
const { createTestClient, http, parseEther, publicActions, walletActions } = require('viem');
const { generatePrivateKey, privateKeyToAccount } = require('viem/accounts');
const { assert, bank, check, end, rejects, url } = require('./suite.cjs');

const friend = '0x00000000000000000000000000000000000000aa';
const chain = {
  id: 412346,
  name: 'devnet',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [url] } },
};

function client(mode) {
  const made = createTestClient({ chain, mode, pollingInterval: 50, transport: http(url) });
  return made.extend(publicActions).extend(walletActions);
}

/** Sends a transaction and waits for its receipt. */
async function mined(test, transaction) {
  const hash = await test.sendTransaction(transaction);
  return test.waitForTransactionReceipt({ hash });
}

/** What a test client does to a chain; each leaves it as it was, as far as others can see. */
async function actions(mode) {
  const test = client(mode);
  const check_ = (name, body) => check(`${mode}: ${name}`, body);
  const [, account] = await test.getAddresses();

  await check_('a snapshot brings the state back', async () => {
    const before = await test.getBalance({ address: friend });
    const id = await test.snapshot();
    await test.setBalance({ address: friend, value: before + 2n });
    assert.equal(await test.getBalance({ address: friend }), before + 2n);
    await test.revert({ id });
    assert.equal(await test.getBalance({ address: friend }), before);
  });
  await check_('blocks are mined at the times asked for', async () => {
    const before = await test.getBlock();
    await test.setNextBlockTimestamp({ timestamp: before.timestamp + 100n });
    await test.mine({ blocks: 1 });
    assert.equal((await test.getBlock()).timestamp, before.timestamp + 100n);
    await test.increaseTime({ seconds: 50 });
    await test.mine({ blocks: 3 });
    const after = await test.getBlock();
    assert.equal(after.number, before.number + 4n);
    assert.ok(after.timestamp >= before.timestamp + 150n);
  });
  await check_('code, nonce and storage can be set', async () => {
    const address = '0x00000000000000000000000000000000000000ab';
    const word = `0x${'0'.repeat(62)}69`;
    await test.setCode({ address, bytecode: '0x5f' });
    await test.setNonce({ address, nonce: 4 });
    await test.setStorageAt({ address, index: 2, value: word });
    assert.equal(await test.getCode({ address }), '0x5f');
    assert.equal(await test.getTransactionCount({ address }), 4);
    assert.equal(await test.getStorageAt({ address, slot: '0x2' }), word);
  });
  await check_('an impersonated account sends', async () => {
    await test.setBalance({ address: friend, value: parseEther('1') });
    await test.impersonateAccount({ address: friend });
    const receipt = await mined(test, { account: friend, to: account, value: 1n });
    assert.equal(receipt.from, friend);
    await test.stopImpersonatingAccount({ address: friend });
    await rejects(test.sendTransaction({ account: friend, to: account }), () => {});
  });
  await check_('without automine a transaction waits, and can be dropped', async () => {
    assert.equal(await test.getAutomine(), true);
    await test.setAutomine(false);
    const kept = await test.sendTransaction({ account, to: friend, value: 1n });
    const dropped = await test.sendTransaction({ account, to: friend, value: 2n });
    assert.equal((await test.getTxpoolStatus()).pending, 2);
    await test.dropTransaction({ hash: dropped });
    await test.mine({ blocks: 1 });
    assert.equal((await test.getTransactionReceipt({ hash: kept })).status, 'success');
    await rejects(test.getTransactionReceipt({ hash: dropped }), () => {});
    await test.setAutomine(true);
  });
  await check_('what else there is answers', async () => {
    await test.setIntervalMining({ interval: 0 });
    await test.setAutomine(true);
    await test.setCoinbase({ address: friend });
    await test.setMinGasPrice({ gasPrice: 100_000_000n });
    await test.setNextBlockBaseFeePerGas({ baseFeePerGas: 100_000_000n });
    await test.setBlockTimestampInterval({ interval: 5 });
    await test.removeBlockTimestampInterval();
    await test.setLoggingEnabled(true);
    await test.inspectTxpool();
    await test.getTxpoolContent();
    await test.loadState({ state: await test.dumpState() });
    await test.sendUnsignedTransaction({ from: account, to: friend, value: 1n });
  });
}

async function main() {
  await actions('anvil');
  await actions('hardhat');
  const test = client('anvil');
  const [, account] = await test.getAddresses();
  const { abi, bytecode } = bank();
  let address;

  await check('a contract is deployed, written to and read', async () => {
    const hash = await test.deployContract({ abi, bytecode, account, args: ['ours'] });
    ({ contractAddress: address } = await test.waitForTransactionReceipt({ hash }));
    const { request } = await test.simulateContract({ abi, address, account, functionName: 'pay', value: 5n });
    await test.waitForTransactionReceipt({ hash: await test.writeContract(request) });
    assert.equal(await test.readContract({ abi, address, functionName: 'balances', args: [account] }), 5n);
    const events = await test.getContractEvents({ abi, address, eventName: 'Paid', args: { who: account } });
    assert.deepEqual(events.map((event) => event.args.amount), [5n]);
  });
  await check('a custom error is decoded', async () => {
    const failing = test.simulateContract({ abi, address, account, functionName: 'take', args: [6n] });
    await rejects(failing, (error) => {
      const reverted = error.walk((cause) => cause.name === 'ContractFunctionRevertedError');
      assert.equal(reverted.data.errorName, 'TooLittle');
      assert.deepEqual(reverted.data.args.slice(1), [6n, 5n]);
    });
  });
  await check('calls are simulated in blocks, with transfers told', async () => {
    const { results, assetChanges } = await test.simulateCalls({ account, calls: [{ to: friend, value: 1n }], traceAssetChanges: true });
    assert.equal(results[0].status, 'success');
    assert.equal(assetChanges[0].value.diff, -1n);
    const [block] = await test.simulateBlocks({ blocks: [{ calls: [{ account, to: friend, value: 1n }] }] });
    assert.equal(block.calls[0].status, 'success');
  });
  await check('a raw transaction is answered with its receipt', async () => {
    const signer = privateKeyToAccount(generatePrivateKey());
    await mined(test, { account, to: signer.address, value: parseEther('1') });
    const request = await test.prepareTransactionRequest({ account: signer, to: friend, value: 1n });
    const serializedTransaction = await signer.signTransaction(request);
    const receipt = await test.sendRawTransactionSync({ serializedTransaction });
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.from, signer.address.toLowerCase());
  });
  await check('an account signs code onto itself, and takes it off', async () => {
    const signer = privateKeyToAccount(generatePrivateKey());
    await mined(test, { account, to: signer.address, value: parseEther('1') });
    const authorization = await test.signAuthorization({ account: signer, contractAddress: address, executor: 'self' });
    await mined(test, { account: signer, authorizationList: [authorization], to: signer.address, value: 3n });
    assert.equal(await test.getCode({ address: signer.address }), `0xef0100${address.slice(2)}`);
    assert.equal(await test.readContract({ abi, address: signer.address, functionName: 'balances', args: [signer.address] }), 3n);
  });
  await check('proofs, access lists and fees have their form', async () => {
    const slot = `0x${'0'.repeat(64)}`;
    const proof = await test.getProof({ address, storageKeys: [slot] });
    assert.equal(proof.storageProof.length, 1);
    const { accessList } = await test.createAccessList({ account, to: address, data: '0x06fdde03' });
    assert.equal(accessList[0].address, address);
    assert.equal((await test.getFeeHistory({ blockCount: 2, rewardPercentiles: [25, 75] })).reward.length, 2);
  });
  await check('waiting transactions are told before their block', async () => {
    await test.setAutomine(false);
    const told = new Promise((resolve) => {
      const stop = test.watchPendingTransactions({ pollingInterval: 50, onTransactions: (hashes) => resolve([stop(), hashes][1]) });
    });
    await new Promise((go) => setTimeout(go, 200));
    const hash = await test.sendTransaction({ account, to: friend, value: 1n });
    assert.deepEqual(await told, [hash]);
    await test.setAutomine(true);
    await test.mine({ blocks: 1 });
  });

  const refused = (name, body, expected) =>
    check(`${name} is a ${expected}`, () => rejects(body(), (error) => assert.ok(error.walk((cause) => cause.name === expected), error)));
  await refused('a used nonce', () => test.sendTransaction({ account, to: friend, nonce: 0, gas: 21_000n }), 'NonceTooLowError');
  await refused('too much value', () => test.sendTransaction({ account, to: friend, value: parseEther('1000000') }), 'InsufficientFundsError');
  await refused('too little gas', () => test.sendTransaction({ account, to: friend, gas: 100n }), 'IntrinsicGasTooLowError');
  await refused('a low fee', () => test.sendTransaction({ account, to: friend, gas: 21_000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }), 'FeeCapTooLowError');
  await refused('a call that reverts', () => test.call({ account, data: '0x60006000fd' }), 'ExecutionRevertedError');
  end();
}

main();
