// Starts the process that loads an experiment: bin/prepare.cjs. Not a part of the bundle, because the launcher starts it first.
const { spawn } = require('node:child_process');
const { join } = require('node:path');

let early;

/** The usual command line names a file and nothing else: it is begun with before it is looked at any closer. */
exports.foresee = (argv) => {
  const [experiment] = argv;
  if (argv.length === 1 && /\.jsonc?$/i.test(experiment))
    early = { experiment, line: start({ experiment, flags: {} }) };
};

/** What the process says of an order `{ experiment, flags }`: a line, or undefined. Never rejects. */
exports.startPreparing = ({ experiment, flags }) => {
  const isForeseen = early !== undefined && early.experiment === experiment && Object.keys(flags).length === 0;
  return isForeseen ? early.line : start({ experiment, flags });
};

function start({ experiment, flags }) {
  const referenceTrainer = [process.execPath, join(__dirname, 'train.js')];
  const order = { experiment, flags, cwd: process.cwd(), referenceTrainer };
  const command = [...process.execArgv, join(__dirname, 'prepare.cjs'), JSON.stringify(order)];
  // Node reads them at its start, which takes as long as all the rest; it opens no connection.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const said = new Promise((settle) => {
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let line = '';
    child.stdout?.setEncoding('latin1').on('data', (text) => {
      line += text;
      // Its end is not waited for.
      if (line.endsWith('\n')) settle(line);
    });
    child.once('error', () => settle(undefined));
    child.once('close', () => settle(undefined));
  });
  return said.catch(() => undefined);
}
