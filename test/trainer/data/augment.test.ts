import { describe, expect, test } from 'vitest';
import { type Augmentation, augmentLine } from '../../../src/trainer/data/augment.js';
import { makeLine } from '../../../src/trainer/data/make-line.js';
import { dataConfig } from '../support.js';

const size = { width: 128, height: 32 };
const line = () => makeLine({ seed: 1, ...size, digitsMin: 4, digitsMax: 8 }, 'train', 0);
const augmentation = (changes: Partial<Augmentation>): Augmentation => dataConfig({ augment: changes }).augment;

function augmented(changes: Partial<Augmentation>, step = 0) {
  const { degraded, clean } = line();
  augmentLine({ degraded, clean }, size, augmentation(changes), [42, 1, step, 0]);
  return { degraded, clean };
}

const mass = (image: Float32Array) => image.reduce((sum, value) => sum + (1 - value), 0);

describe('augmentation', () => {
  test('nothing asked for changes nothing', () => {
    const { degraded, clean } = line();
    expect(augmented({})).toEqual({ degraded, clean });
  });

  test('is the same for the same place, and another for the next step', () => {
    const all = { shift: 0.1, scale: 0.1, rotation: 3, elastic: 0.05, contrast: 0.2, brightness: 0.1, noise: 0.05 };
    expect(augmented(all)).toEqual(augmented(all));
    expect(augmented(all, 1).clean).not.toEqual(augmented(all).clean);
  });

  test.each(['contrast', 'brightness', 'noise'] as const)('%s leaves the clean image as it is', (kind) => {
    const { degraded, clean } = augmented({ [kind]: 0.3 });
    expect(clean).toEqual(line().clean);
    expect(degraded).not.toEqual(line().degraded);
    expect(degraded.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test.each<[string, Partial<Augmentation>]>([
    ['a small shift', { shift: 0.05 }],
    ['a small turn', { rotation: 2 }],
    ['a small bend', { elastic: 0.03 }],
  ])('%s moves the ink and keeps it', (_, changes) => {
    const { clean } = augmented(changes);
    expect(clean).not.toEqual(line().clean);
    expect(mass(clean) / mass(line().clean)).toBeCloseTo(1, 1);
  });

  test('both images are moved alike', () => {
    const { clean } = line();
    const twin = { degraded: clean.slice(), clean: clean.slice() };
    augmentLine(twin, size, augmentation({ shift: 0.2, scale: 0.2, rotation: 10, elastic: 0.1 }), [42, 1, 0, 0]);
    expect(twin.degraded).toEqual(twin.clean);
    expect(twin.clean).not.toEqual(clean);
  });
});
