import { spawnSync } from 'node:child_process';

/** Runs a program in a folder, with its output as ours. @throws when it fails */
export function runProgram(program, args, cwd) {
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: exit ${status}`);
}
