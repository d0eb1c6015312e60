// The tests of properties with inputs that no run had before (`npm run fuzz -- --rounds 50`). Ends at the first that fails, and
// says with which seed to see it again.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const files = globSync('test/**/*.test.ts').filter((path) => readFileSync(path, 'utf8').includes('/fast-check.js'));
const rounds = values.seed === undefined ? Number(values.rounds) : 1;
for (let round = 1; round <= rounds; round++) {
  const seed = values.seed ?? String(randomInt(2 ** 31));
  const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_SEED: seed },
  });
  if (status === 0) continue;
  process.stderr.write(`fuzz: to see it again: npm run fuzz -- --seed ${seed}\n`);
  process.exit(1);
}
process.stdout.write(`fuzz: ${files.length} files held in ${rounds} rounds\n`);
