// ethers 6: providers, signers, contracts, events, errors, and a Stylus program deployed by hand.
'use strict';
const ethers = require('ethers');
const { assert, bank, check, end, rejects, url } = require('./suite.cjs');

const friend = '0x00000000000000000000000000000000000000AA';

async function main() {
  const provider = new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 50, cacheTimeout: -1 });
  const signer = await provider.getSigner(1);
  const wallet = ethers.Wallet.createRandom().connect(provider);
  const { abi, bytecode } = bank();
  let contract;

  await check('the network is known', async () => {
    assert.equal((await provider.getNetwork()).chainId, 412346n);
  });
  await check('a contract is deployed with an argument', async () => {
    contract = await new ethers.ContractFactory(abi, bytecode, signer).deploy('ours');
    await contract.waitForDeployment();
    assert.equal(await contract.name(), 'ours');
  });
  await check('a payment is mined, and its event decoded', async () => {
    const receipt = await (await contract.pay({ value: 5n })).wait();
    assert.equal(receipt.logs[0].fragment.name, 'Paid');
    assert.deepEqual([...receipt.logs[0].args], [signer.address, 5n]);
    assert.equal(await contract.balances(signer.address), 5n);
  });
  await check('plain value reaches receive()', async () => {
    await (await signer.sendTransaction({ to: contract, value: 2n })).wait();
    assert.equal(await contract.balances(signer.address), 7n);
  });
  await check('past events are found by their topic', async () => {
    const events = await contract.queryFilter(contract.filters.Paid(signer.address));
    assert.deepEqual(events.map((event) => event.args.amount), [5n, 2n]);
    assert.deepEqual(await contract.queryFilter(contract.filters.Paid(friend)), []);
  });
  await check('a custom error has its name and arguments', async () => {
    await rejects(contract.take.staticCall(8n), (error) => {
      assert.equal(error.code, 'CALL_EXCEPTION');
      assert.equal(error.revert.name, 'TooLittle');
      assert.deepEqual([...error.revert.args], [signer.address, 8n, 7n]);
    });
  });
  await check('a reason, a panic and a revert without data are told apart', async () => {
    await rejects(contract.fail(0), (error) => assert.equal(error.reason, 'as you wish'));
    await rejects(contract.fail(1), (error) => assert.deepEqual([...error.revert.args], [1]));
    await rejects(contract.fail(2), (error) => assert.equal(error.data, '0x'));
    await rejects(contract.fail(3), (error) => assert.deepEqual([...error.revert.args], [0x12]));
  });
  await check('an estimate refuses what would revert', async () => {
    await rejects(contract.take.estimateGas(8n), (error) => assert.equal(error.code, 'CALL_EXCEPTION'));
  });
  await check('a mined failure rejects wait() with its receipt', async () => {
    const sent = await contract.take(8n, { gasLimit: 100_000n });
    await rejects(sent.wait(), (error) => assert.equal(error.receipt.status, 0));
  });
  await check('every type of transaction is accepted', async () => {
    await (await signer.sendTransaction({ to: wallet.address, value: ethers.parseEther('1') })).wait();
    for (const type of [0, 1, 2]) {
      const receipt = await (await wallet.sendTransaction({ to: friend, value: 1n, type })).wait();
      assert.equal(receipt.type, type);
    }
    assert.equal(await provider.getTransactionCount(wallet.address), 3);
  });
  await check('a used nonce and missing funds have their codes', async () => {
    const used = wallet.sendTransaction({ to: friend, nonce: 0, gasLimit: 21_000n, maxFeePerGas: 10n ** 9n });
    await rejects(used, (error) => assert.equal(error.code, 'NONCE_EXPIRED'));
    const poor = wallet.sendTransaction({ to: friend, value: ethers.parseEther('2') });
    await rejects(poor, (error) => assert.equal(error.code, 'INSUFFICIENT_FUNDS'));
  });
  await check('typed data is signed by an unlocked account', async () => {
    const domain = { name: 'x', version: '1', chainId: 412346 };
    const types = { Permit: [{ name: 'owner', type: 'address' }, { name: 'value', type: 'uint256' }] };
    const value = { owner: signer.address, value: 3n };
    const signature = await signer.signTypedData(domain, types, value);
    assert.equal(ethers.verifyTypedData(domain, types, value, signature), signer.address);
    assert.equal(ethers.verifyMessage('hello', await signer.signMessage('hello')), signer.address);
  });
  await check('a listener hears an event, and again after a snapshot was reverted to', async () => {
    const heard = [];
    await contract.on('Paid', (who, amount) => heard.push(amount));
    const until = async (count) => {
      for (let tries = 0; heard.length < count && tries < 200; tries += 1) await new Promise((go) => setTimeout(go, 25));
      assert.equal(heard.length, count);
    };
    const snapshot = await provider.send('evm_snapshot', []);
    await (await contract.pay({ value: 11n })).wait();
    await until(1);
    assert.equal(await provider.send('evm_revert', [snapshot]), true);
    await (await contract.pay({ value: 12n })).wait();
    // ethers asks when the block number has changed, and this block has the number of the one that is gone.
    await provider.send('evm_mine', []);
    await until(2);
    assert.deepEqual(heard, [11n, 12n]);
    await contract.removeAllListeners();
  });
  await check('a WebSocket tells of blocks and events', async () => {
    const socket = new ethers.WebSocketProvider(url.replace('http', 'ws'));
    const block = new Promise((resolve) => socket.once('block', resolve));
    const logs = new Promise((resolve) => socket.once({ address: contract.target }, resolve));
    await socket.getBlockNumber();
    const receipt = await (await contract.pay({ value: 1n })).wait();
    assert.equal(await block, receipt.blockNumber);
    assert.equal((await logs).transactionHash, receipt.hash);
    await socket.destroy();
  });
  await check('blocks, fees, storage and code are what they were', async () => {
    const block = await provider.getBlock('latest', true);
    assert.equal(block.prefetchedTransactions.length, 1);
    const fees = await provider.getFeeData();
    assert.equal(fees.gasPrice, 100_000_000n);
    assert.equal(await provider.getStorage(friend, 0), ethers.ZeroHash);
    assert.ok((await provider.getCode(contract)).length > 1_000);
  });
  await check('a Stylus program is deployed, activated and called', async () => {
    const sent = await signer.sendTransaction({ data: process.env.STYLUS_PROGRAM });
    const { contractAddress } = await sent.wait();
    const arbWasm = new ethers.Contract(
      '0x0000000000000000000000000000000000000071',
      ['function activateProgram(address) payable returns (uint16, uint256)', 'function programVersion(address) view returns (uint16)',
        'error ProgramNotActivated()'],
      signer,
    );
    await rejects(arbWasm.programVersion(contractAddress), (error) => assert.equal(error.revert.name, 'ProgramNotActivated'));
    await (await arbWasm.activateProgram(contractAddress, { value: ethers.parseEther('1') })).wait();
    assert.equal(await arbWasm.programVersion(contractAddress), 3n);
    assert.equal(await provider.call({ to: contractAddress }), ethers.ZeroHash);
  });
  end();
}

main();
