import { readFileSync } from 'node:fs';
import { type Check, type Finding, ok, warning } from './check.js';

/** Data loaders open many files and pipes. Node raises the soft limit to the hard one, and the trainer inherits that. */
export const checkFileLimit: Check = {
  title: 'open files',
  look: () => {
    if (process.platform !== 'linux') return [];
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return judgeFileLimit(soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft));
  },
};

const fewFiles = 4096;

/** Pure. */
export function judgeFileLimit(limit: number): Finding[] {
  if (limit >= fewFiles) return [ok(`${limit === Number.POSITIVE_INFINITY ? 'any number' : limit} at once`)];
  const fix = 'raise it (ulimit -n 65536, or LimitNOFILE= of the service), or use few data-loader workers';
  return [warning(`only ${limit} at once`, fix)];
}
