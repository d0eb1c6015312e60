import { describe, expect, test } from 'vitest';
import { schemaLeaves, synonyms } from '../../src/config/index.js';
import { SuperviseError } from '../../src/protocol/index.js';
import { fc } from '../fast-check.js';
import { load, loadText, sampleValue } from './support.js';

const spellings = [...schemaLeaves().keys(), ...Object.values(synonyms).flat()];
const key = fc.oneof(
  fc.constantFrom(
    ...spellings,
    'training',
    'model',
    'trainer',
    'env',
    'notes',
    '__proto__',
    'constructor',
    '',
    '.',
    '--',
  ),
  fc.string(),
);
const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
  fc.constantFrom('1e-4', 'yes', '30s', 'cuda:0', 'python train.py', '9'.repeat(400), 'constructor', '__proto__'),
);
const { tree } = fc.letrec((again) => ({
  tree: fc.dictionary(
    key,
    fc.oneof({ maxDepth: 3 }, scalar, again('tree'), fc.array(fc.oneof(scalar, again('tree')))),
    {
      maxKeys: 6,
    },
  ),
}));

/** Whether loading works or ends with an error for users that says something. */
function isFriendly(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    return error instanceof SuperviseError && error.message.length > 20 && !error.message.includes('[object');
  }
}

describe('whatever is in the file, nothing is thrown but errors for users', () => {
  test('any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => isFriendly(() => loadText(text))));
  });

  test('any JSON of our own keys, in any nesting, with any values', () => {
    fc.assert(
      fc.property(tree, (content) => isFriendly(() => loadText(JSON.stringify(content)))),
      { numRuns: 500 },
    );
  });

  test('an experiment that is cut off anywhere', () => {
    const text = JSON.stringify({ epochs: 3, training: { bs: 2 }, notes: ['x'] }, null, 1);
    for (let length = 0; length < text.length; length++)
      expect(isFriendly(() => loadText(text.slice(0, length)))).toBe(true);
  });

  test('any flags and any environment', () => {
    fc.assert(
      fc.property(fc.dictionary(key, scalar), fc.dictionary(key, fc.string()), (flags, variables) => {
        const env = Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [`SUPERVISE_CONFIG_${name}`, value]),
        );
        return isFriendly(() => load({}, { flags, env }));
      }),
    );
  });

  test('a nesting of ten thousand', () => {
    for (const text of ['{"a":'.repeat(10_000), `{"epochs": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`])
      expect(isFriendly(() => loadText(text))).toBe(true);
  });
});

test('what is resolved, written out and loaded again is the same', () => {
  const leaves = [...schemaLeaves().values()];
  fc.assert(
    fc.property(fc.subarray(leaves), (chosen) => {
      const flags = Object.fromEntries(chosen.map((leaf) => [leaf.path, sampleValue(leaf)]));
      const { 'trainer.env': variables, ...rest } = flags;
      const once = load(variables === undefined ? {} : { trainer: { env: variables } }, { flags: rest });
      const again = loadText(JSON.stringify(once.config));
      expect(again.config).toEqual(once.config);
      expect(again.warnings.filter(({ message }) => !message.includes('loses'))).toEqual([]);
      expect(Object.values(again.origins).filter(({ synonym }) => synonym)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
