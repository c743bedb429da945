#!/usr/bin/env node
// Starts the devnet's program, which is in the package for this system, with the same arguments, input and output. Nothing is
// downloaded and nothing is decided here.
"use strict";

const { spawn } = require("node:child_process");

const name = `stylus-devnet-${process.platform}-${process.arch}`;
const program = process.platform === "win32" ? "stylus-devnet.exe" : "stylus-devnet";

let path;
try {
  path = require.resolve(`${name}/${program}`);
} catch {
  console.error(
    `stylus-devnet: error: the package ${name} is not installed: install without --omit=optional, or, if there is no such package ` +
      "for this system, build the program with cargo install stylus-devnet",
  );
  process.exit(1);
}

const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
// A signal to this process is meant for the devnet, which saves its state before it ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  console.error(`stylus-devnet: error: ${path} does not start: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
