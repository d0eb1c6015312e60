import { join } from 'node:path';
import { listCheckpoints, verifyCheckpoint } from '../../checkpoint/index.js';
import { type Check, ok, warning } from './check.js';

/** The newest checkpoint, if there is one of our format, can be resumed from. */
export const checkCheckpoints: Check = {
  title: 'resume',
  isQuick: false,
  look: ({ run }) => {
    const newest = listCheckpoints(run.checkpointDir).at(-1)?.name;
    if (newest === undefined) return [];
    const verdict = verifyCheckpoint(join(run.checkpointDir, newest));
    if (verdict.ok) return [ok(`${newest} verifies: ${verdict.tensors} tensors`)];
    const fix = 'nothing: it is set aside before the launch, and the last good one is used';
    return [warning(`${newest} is damaged: ${verdict.reason}`, fix)];
  },
};
