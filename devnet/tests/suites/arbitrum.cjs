// @arbitrum/sdk: what bridges and explorers ask of an Arbitrum chain.
'use strict';
const sdk = require('@arbitrum/sdk');
const constants = require('@arbitrum/sdk/dist/lib/dataEntities/constants');
const { ArbGasInfo__factory } = require('@arbitrum/sdk/dist/lib/abi/factories/ArbGasInfo__factory');
const { NodeInterface__factory } = require('@arbitrum/sdk/dist/lib/abi/factories/NodeInterface__factory');
const { getFirstBlockForL1Block, isArbitrumChain } = require('@arbitrum/sdk/dist/lib/utils/lib');
const { BigNumber, Wallet, providers } = require('ethers-5');
const { assert, check, end, url } = require('./suite.cjs');

const key = '0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659';
const contract = (digits) => `0x${digits.repeat(20)}`;

async function main() {
  const node = new providers.StaticJsonRpcProvider(url, 412346);
  const arbitrum = new sdk.ArbitrumProvider(node);
  const signer = new Wallet(key, node);
  const nodeInterface = NodeInterface__factory.connect(constants.NODE_INTERFACE_ADDRESS, node);
  let network;

  await check('the chain is known for one of Arbitrum', async () => {
    assert.equal(await isArbitrumChain(node), true);
    sdk.registerCustomArbitrumNetwork({
      chainId: 412346,
      name: 'devnet',
      parentChainId: 1,
      confirmPeriodBlocks: 20,
      isCustom: true,
      isTestnet: true,
      ethBridge: {
        bridge: contract('11'),
        inbox: contract('12'),
        sequencerInbox: contract('13'),
        outbox: contract('14'),
        rollup: contract('15'),
      },
    });
    network = await sdk.getArbitrumNetwork(node);
    assert.equal(network.name, 'devnet');
  });
  await check('receipts and blocks have the fields of L1', async () => {
    const sent = await signer.sendTransaction({ to: signer.address, value: 1 });
    await sent.wait();
    const receipt = await arbitrum.getTransactionReceipt(sent.hash);
    const block = await arbitrum.getBlock('latest');
    assert.equal(receipt.gasUsedForL1.toString(), '0');
    assert.equal(receipt.l1BlockNumber, block.l1BlockNumber);
    assert.equal(BigNumber.from(block.sendCount).toNumber(), 0);
  });
  await check('a withdrawal is a message to L1, with a proof', async () => {
    const bridger = new sdk.EthBridger(network);
    const from = signer.address;
    const sent = await bridger.withdraw({ amount: BigNumber.from(5), childSigner: signer, destinationAddress: from, from });
    const [message] = (await sent.wait()).getChildToParentEvents();
    assert.equal(message.callvalue.toString(), '5');
    const block = await arbitrum.getBlock('latest');
    const proof = await nodeInterface.callStatic.constructOutboxProof(block.sendCount, message.position);
    assert.equal(proof.root, block.sendRoot);
    assert.equal(proof.send, `0x${message.hash.toHexString().slice(2).padStart(64, '0')}`);
  });
  await check('gas is estimated in its parts, and has prices', async () => {
    const parts = await nodeInterface.callStatic.gasEstimateComponents(signer.address, false, '0x');
    assert.equal(parts.gasEstimate.toString(), '21000');
    const prices = await ArbGasInfo__factory.connect(constants.ARB_GAS_INFO, node).getPricesInWei();
    assert.equal(prices.length, 6);
  });
  await check('the blocks of a block of L1 are found', async () => {
    const { l1BlockNumber, number } = await arbitrum.getBlock('latest');
    const range = await nodeInterface.callStatic.l2BlockRangeForL1(l1BlockNumber);
    assert.equal(range.lastBlock.toNumber(), number);
    const first = await getFirstBlockForL1Block({ arbitrumProvider: node, forL1Block: l1BlockNumber });
    assert.equal(first, range.firstBlock.toNumber());
  });
  end();
}

main();
