#!/usr/bin/env node
// The compiler that forge starts, in the place of a program that it would download.
'use strict';
const solc = require('solc');

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace('Emscripten.clang', 'Linux.g++')}`);
} else {
  let input = '';
  process.stdin.on('data', (part) => (input += part));
  process.stdin.on('end', () => process.stdout.write(solc.compile(input)));
}
