import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeFaultsAsMarkdown } from '../../src/chaos/describe-faults.js';
import { type Fault, faultNames, faults } from '../../src/chaos/faults.js';
import { injectors } from '../../src/chaos/injectors/index.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('the catalogue of faults', () => {
  it('is what docs/faults.md says (npm run docs:faults writes it)', () => {
    expect(read('../../docs/faults.md')).toBe(describeFaultsAsMarkdown());
  });

  it('has an injector for every fault, and none more', () => {
    expect(Object.keys(injectors)).toEqual(faultNames);
  });

  it.each(faultNames)('names tests of %s that are there, and the campaign among them', (name) => {
    const { tests }: Fault = faults[name];
    for (const path of tests) expect(read(`../${path}`)).toContain('it');
    expect(tests).toContain('e2e/chaos.test.ts');
    expect(read('../e2e/chaos.test.ts')).toContain(`'${name}'`);
  });
});
