// Writes Bank.sol's ABI and creation code as JSON, for suites that do not compile it themselves.
'use strict';
const { bank } = require('./suite.cjs');

process.stdout.write(JSON.stringify(bank()));
