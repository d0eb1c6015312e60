#!/usr/bin/env node
const { loadCompiled } = require('./compiled.cjs');

loadCompiled('train')
  .train(process.argv.slice(2))
  .then((code) => {
    process.exitCode = code;
  });
