import { describe, expect, test } from 'vitest';
import { isUnreadable, parseEpochInfo } from '../../src/protocol/epoch-info.js';
import { fc } from '../fast-check.js';

const parse = (value: unknown, base: 0 | 1 = 1) => parseEpochInfo(JSON.stringify(value), base);

describe('parseEpochInfo', () => {
  test('reads the reference document’s file', () => {
    const info = { last_completed_epoch: 2, best_epoch: 1, best_score: 25.34, timestamp: '2025-10-17T14:30:00' };
    expect(parse(info)).toMatchObject(info);
  });

  test('keeps unknown fields', () => {
    expect(parse({ last_completed_epoch: 1, wandb_id: 'x7', nested: { a: [1] } })).toMatchObject({
      wandb_id: 'x7',
      nested: { a: [1] },
    });
  });

  test('drops known optional fields of a wrong type, and keeps the rest', () => {
    const info = parse({
      last_completed_epoch: 3,
      best_score: 'high',
      status: 'winning',
      partial: { epoch: -1 },
      best_epoch: 2,
    });
    expect(info).toMatchObject({ last_completed_epoch: 3, best_epoch: 2 });
    expect(info).toMatchObject({ best_score: undefined, status: undefined, partial: undefined });
  });

  test.each([
    ['an empty file', '', 'empty'],
    ['whitespace', ' \n', 'empty'],
    ['half a file', '{"last_completed_epo', 'not JSON'],
    ['an array', '[1]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['another file', '{"epoch": 3}', 'last_completed_epoch is undefined'],
    ['a string count', '{"last_completed_epoch": "3"}', 'last_completed_epoch is "3"'],
    ['a fraction', '{"last_completed_epoch": 2.5}', 'last_completed_epoch is 2.5'],
    ['a negative count', '{"last_completed_epoch": -1}', 'last_completed_epoch is -1'],
    ['a count beyond integers', '{"last_completed_epoch": 1e300}', 'last_completed_epoch'],
    ['binary noise', '\u0000\u0001\ufffd', 'not JSON'],
  ])('%s is "not yet"', (_, text, why) => {
    const result = parseEpochInfo(text);
    expect(isUnreadable(result) && result.unreadable).toContain(why);
  });

  test('epochs of a trainer that counts from 0 come out counted from 1', () => {
    const info = parse({ last_completed_epoch: 0, best_epoch: 0, partial: { epoch: 1, step: 7, checkpoint: 'x' } }, 0);
    expect(info).toMatchObject({ last_completed_epoch: 1, best_epoch: 1, partial: { epoch: 2, step: 7 } });
    expect(parse({ last_completed_epoch: -1 }, 0)).toMatchObject({ last_completed_epoch: 0 });
  });

  test('never throws, and a result always has a whole epoch count or a reason', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => json.slice(0, -1)),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const result = parseEpochInfo(candidate);
        return isUnreadable(result)
          ? result.unreadable.length > 0
          : Number.isSafeInteger(result.last_completed_epoch) && result.last_completed_epoch >= 0;
      }),
      { numRuns: 10_000 },
    );
  });
});
