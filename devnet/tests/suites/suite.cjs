// What the suites in JavaScript share: checks that are counted, and the contract they call. Not here: any client.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const solc = require('solc');

const url = process.argv[2];
let failed = 0;

/** Runs one check and says how it ended, as TAP does. */
async function check(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${name}: ${error.shortMessage ?? ''} ${error.stack}`);
  }
}

/** Expects `body` to be rejected with an error that `test` accepts. */
async function rejects(body, test) {
  await assert.rejects(body, (error) => {
    test(error);
    return true;
  });
}

/** Ends the process: connections that a client keeps open would not let it. */
function end() {
  process.exit(failed === 0 ? 0 : 1);
}

/** The ABI and the creation code of Bank.sol. */
function bank() {
  const content = fs.readFileSync(path.join(__dirname, 'Bank.sol'), 'utf8');
  const input = {
    language: 'Solidity',
    sources: { 'Bank.sol': { content } },
    settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  assert.equal(output.errors, undefined);
  const { abi, evm } = output.contracts['Bank.sol'].Bank;
  return { abi, bytecode: `0x${evm.bytecode.object}` };
}

module.exports = { assert, bank, check, end, rejects, url };
