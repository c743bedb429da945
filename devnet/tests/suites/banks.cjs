// What Ignition deploys, whichever Hardhat it is a plugin of.
'use strict';

/** Two banks, one after the other, and ether for both. */
function banks(buildModule, artifact) {
  return buildModule('Banks', (m) => {
    const bank = { ...artifact, contractName: 'Bank', sourceName: 'Bank.sol', linkReferences: {} };
    const first = m.contract('Bank', bank, ['first'], { id: 'first' });
    const second = m.contract('Bank', bank, ['second'], { id: 'second', after: [first] });
    m.call(first, 'pay', [], { value: 5n });
    m.send('gift', second, 3n);
    return { first, second };
  });
}

module.exports = { banks };
