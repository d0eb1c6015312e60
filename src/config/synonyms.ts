import { checkpointsSynonyms } from './synonyms/checkpoints.js';
import { dataSynonyms } from './synonyms/data.js';
import { lossesSynonyms } from './synonyms/losses.js';
import { modelSynonyms } from './synonyms/model.js';
import { recordsSynonyms } from './synonyms/records.js';
import { runSynonyms } from './synonyms/run.js';
import { stoppingSynonyms } from './synonyms/stopping.js';
import { supervisionSynonyms } from './synonyms/supervision.js';
import { trainingSynonyms } from './synonyms/training.js';

/**
 * Other spellings of each key, as data. A spelling is a dotted path that is compared with the end of a key's path after both
 * are brought to lower_snake_case; the longest match wins, so `visualization.save_interval` beats `save_interval`. The
 * canonical path itself, and its last part where that is unambiguous, need no entry.
 */
export const synonyms: Readonly<Record<string, readonly string[]>> = {
  ...runSynonyms,
  ...supervisionSynonyms,
  ...modelSynonyms,
  ...dataSynonyms,
  ...trainingSynonyms,
  ...lossesSynonyms,
  ...stoppingSynonyms,
  ...checkpointsSynonyms,
  ...recordsSynonyms,
};
