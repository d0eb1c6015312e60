#!/usr/bin/env node
const { setFlagsFromString } = require('node:v8');
const { loadCompiled } = require('./compiled.cjs');
const { foresee } = require('./start-prepare.cjs');

const argv = process.argv.slice(2);
foresee(argv);
// A process that lives for days and allocates little: the space for young objects stays at its first size, and nothing that
// runs once, at the start, is worth an optimizing compiler and its memory.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-opt');
// Node 22 and newer keep the compiled code of what else a command loads between runs.
module.constructor.enableCompileCache?.();
loadCompiled('supervise')
  .supervise(argv)
  .then((code) => {
    process.exitCode = code;
  });
