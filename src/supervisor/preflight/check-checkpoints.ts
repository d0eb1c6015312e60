import { join, resolve } from 'node:path';
import { listCheckpoints, locateForeign, verifyCheckpoint, verifyForeign } from '../../checkpoint/index.js';
import { readEpochInfo } from '../../protocol/index.js';
import { type Check, ok, warning } from './check.js';

/** The newest checkpoint, if there is one of our format, can be resumed from. */
export const checkCheckpoints: Check = {
  title: 'resume',
  look: ({ run }) => {
    const newest = listCheckpoints(run.checkpointDir).at(-1)?.name;
    if (newest === undefined) return lookAtForeign(run.checkpointDir);
    const verdict = verifyCheckpoint(join(run.checkpointDir, newest));
    if (verdict.ok) return [ok(`${newest} verifies: ${verdict.tensors} tensors`)];
    const fix = 'nothing: it is set aside before the launch, and the last good one is used';
    return [warning(`${newest} is damaged: ${verdict.reason}`, fix)];
  },
};

/** Somebody else's checkpoint, as far as `epoch_info.json` names one and its format can be checked. */
function lookAtForeign(directory: string) {
  const named = readEpochInfo(directory)?.checkpoint;
  if (named === undefined) return [];
  const verdict = verifyForeign(resolve(directory, locateForeign(directory, named)));
  if (verdict.ok) return [ok(`${named} (${verdict.format}) is in order: ${verdict.checked}`)];
  const fix = 'nothing, if an earlier one can be found by its name; see trainer.checkpoint_pattern in docs/config.md';
  return [warning(`${named} is damaged: ${verdict.reason}`, fix)];
}
