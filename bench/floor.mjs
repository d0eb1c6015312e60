// The least that a supervisor in Node can be: the child gets a file descriptor and is started again when it ends.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';

const [log, program, ...args] = process.argv.slice(2);
const file = openSync(log, 'a');
const start = () => {
  spawn(program, args, { stdio: ['ignore', file, file], detached: true }).on('exit', start);
};
start();
