#!/usr/bin/env node
const { loadCompiled, setLaunchFlags } = require('./compiled.cjs');
const { foresee } = require('./start-prepare.cjs');

const argv = process.argv.slice(2);
foresee(argv);
setLaunchFlags();
// Node 22 and newer keep the compiled code of what else a command loads between runs.
module.constructor.enableCompileCache?.();
loadCompiled('supervise')
  .supervise(argv)
  .then((code) => {
    process.exitCode = code;
  });
