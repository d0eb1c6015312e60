import type { FaultName } from '../faults.js';
import type { Injector } from '../target.js';
import { flipBit, spoilEpochInfo, tearCheckpoint } from './damage.js';
import { fillDisk, forbidWriting } from './disk.js';
import { editConfig, hideData } from './files.js';
import { holdGpu, leaveGrandchild } from './grandchild.js';
import { clockJump, crashInCommit, crashLoop, exitWith, lose, nan, slowDisk } from './inside.js';
import { takeFiles, takeMemory } from './limits.js';
import { floodLog, spoilLog } from './log.js';
import { poisonStep } from './poison.js';
import { troubleStore } from './remote.js';
import { hang, killBy, killSupervisor, suspend } from './signals.js';

/** How each fault of the catalogue is injected. */
export const injectors: Readonly<Record<FaultName, Injector>> = {
  sigkill: killBy('SIGKILL'),
  sigsegv: killBy('SIGSEGV'),
  sigabrt: killBy('SIGABRT'),
  hang,
  'busy-loop': lose({ action: 'spin' }),
  'exit-0': exitWith(0),
  'crash-loop': crashLoop,
  'exit-75': exitWith(75),
  'ignores-sigterm': lose({ action: 'defy' }),
  grandchild: leaveGrandchild,
  'gpu-holder': holdGpu,
  'out-of-memory': takeMemory,
  'open-files': takeFiles,
  'disk-full': fillDisk,
  'read-only': forbidWriting,
  'torn-epoch-info': spoilEpochInfo('torn'),
  'empty-epoch-info': spoilEpochInfo('empty'),
  'garbage-epoch-info': spoilEpochInfo('garbage'),
  'foreign-epoch-info': spoilEpochInfo('foreign'),
  'stale-epoch-info': spoilEpochInfo('stale'),
  'torn-checkpoint': tearCheckpoint,
  'flipped-checkpoint': flipBit,
  'crash-in-commit': crashInCommit,
  nan,
  'poison-batch': poisonStep,
  'slow-disk': slowDisk,
  'clock-jump': clockJump,
  suspend,
  'supervisor-sigkill': killSupervisor({ both: false }),
  'both-sigkill': killSupervisor({ both: true }),
  'log-flood': floodLog,
  'log-noise': spoilLog,
  'data-vanishes': hideData,
  'config-edited': editConfig,
  'remote-down': troubleStore('down'),
  'remote-slow': troubleStore('slow'),
  'remote-throttled': troubleStore('throttled'),
};
