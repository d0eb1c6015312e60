import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { formatGo } from '../../../src/protocol/index.js';
import { standBy } from '../../../src/trainer/loop/stand-by.js';

describe('standing by', () => {
  it.each([
    ['in one piece', [formatGo({ resume: true })]],
    ['in two pieces', ['{"resu', 'me":true}\n']],
    ['without its line break', ['{"resume":true}']],
    ['after lines of something else', ['hello\n\n', '{"resume":1}\n{"resume":true}\n']],
  ])('ends with the line that lets it begin: %s', async (_, parts) => {
    const input = new PassThrough();
    const begun = standBy(input, () => false);
    for (const part of parts) {
      input.write(part);
      await new Promise((settle) => setImmediate(settle));
    }
    input.end();
    expect(await begun).toEqual({ resume: true });
    expect(input.destroyed).toBe(true);
  });

  it('ends without one when its input does, or fails, or a signal comes', async () => {
    const [ended, failed, stopped] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const all = [ended, failed].map((input) => standBy(input, () => false));
    ended.end('something else\n');
    failed.destroy(new Error('EIO'));
    all.push(standBy(stopped, () => true));
    expect(await Promise.all(all)).toEqual([undefined, undefined, undefined]);
    expect(stopped.destroyed).toBe(true);
  });
});
