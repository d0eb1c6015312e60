// Saves with our own code, as the lines on stdin say: [path]. Arguments: MB of state, a folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeBundleAsync } from '../../dist/checkpoint/index.js';
import { collectGarbage, measure, serve } from './measure.mjs';
import { makeState } from './state.mjs';

const [megabytes, folder] = process.argv.slice(2);
// Loads what a save needs.
const own = mkdtempSync(join(folder, 'rehearsal-'));
await writeBundleAsync(join(own, 'tiny'), makeState(0.001));
rmSync(own, { recursive: true });

const state = makeState(Number(megabytes));
await collectGarbage();
await serve(async (path) => {
  const files = [`${path}.data-00000-of-00001`, `${path}.index`];
  return { ...(await measure(() => writeBundleAsync(path, state))), files };
});
