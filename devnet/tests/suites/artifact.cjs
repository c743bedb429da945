// Writes Bank.sol's ABI and creation code to a file, as JSON, for suites that do not compile it themselves.
'use strict';
const fs = require('node:fs');
const { bank } = require('./suite.cjs');

fs.writeFileSync(process.argv[2], JSON.stringify(bank()));
