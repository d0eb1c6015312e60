import { mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  findResumable,
  locateForeign,
  type PruneRules,
  type Resumable,
  setAside,
  type VerifyMode,
  verifyForeign,
} from '../../checkpoint/index.js';
import { epochInfoPath, type JournalRecord, writeFileAtomic } from '../../protocol/index.js';
import type { Verified } from '../event.js';
import type { FailureClassName } from '../failure-classes.js';
import { noProgress, type Progress, progressOf, progressOfRecord } from '../progress.js';
import type { Resource } from '../state.js';
import { mayBeginAnew } from '../upload-policy.js';
import { clearGeneration } from './clear-generation.js';
import type { Excepted } from './find-run-processes.js';
import { findShortage } from './find-shortage.js';
import type { HeldMemory } from './held-memory.js';
import { restoreRecord } from './restore-record.js';
import type { FetchOutcome } from './uploads.js';

export interface PrepareOptions {
  readonly token: string;
  /** The process that is kept ready for the next attempt. */
  readonly spare: Excepted;
  readonly checkpointDir: string;
  readonly epochBase: 0 | 1;
  readonly verify: VerifyMode;
  /** Where somebody else's trainer keeps the checkpoint of an epoch. */
  readonly pattern: string | undefined;
  /** What a prune leaves besides the newest and the best checkpoint. */
  readonly pruneRules: PruneRules;
  /** Set aside what is there, and start from scratch. */
  readonly isFresh: boolean;
  /** What was known of the run's work before. */
  readonly known: Progress;
  /** The most epochs that were ever complete. */
  readonly mostEpochs: number;
  /** The disk that the checkpoint directory was on at the last launch, by its number. */
  readonly device: string | undefined;
  /** The newest content of `epoch_info.json` that was ever read, as the trainer wrote it. */
  readonly lastEpochInfo: Readonly<Record<string, unknown>> | undefined;
  /** The contents of `epoch_info.json` that the journal has, newest first. */
  readonly readEpochInfos: () => readonly Readonly<Record<string, unknown>>[];
  readonly killWaitMs: number;
  readonly journal: (record: JournalRecord) => void;
  /** Go back before the newest checkpoint, for this reason. */
  readonly stepBack: string | undefined;
  readonly lastClass: FailureClassName | undefined;
  readonly gpu: string | undefined;
  readonly heldMemory: HeldMemory;
  readonly log: (line: string) => void;
  /** Where checkpoints can be fetched from when none is here. */
  readonly remote: RemoteSource | undefined;
}

/** A remote store, and how long a run without a checkpoint has waited for it, and waits at most. */
export interface RemoteSource {
  readonly url: string;
  readonly fetch: () => Promise<FetchOutcome>;
  readonly waitedMs: number;
  readonly mostMs: number;
}

/** What a launch can start from, or what it has to wait for. */
export type Prepared = { readonly verified: Verified } | { readonly missing: Resource; readonly detail: string };

/** Time that descendants of an ended trainer have to end by themselves. */
const leftoverGraceMs = 1000;

/** Ends what is left of the previous generation, then verifies the checkpoint. Never throws. */
export async function prepareLaunch(options: PrepareOptions): Promise<Prepared> {
  const { token, spare: except, killWaitMs, checkpointDir, journal } = options;
  const { removed, survivors } = await clearGeneration({
    ...{ token, except, killWaitMs },
    graceMs: leftoverGraceMs,
  });
  if (removed.length > 0) {
    options.heldMemory.suspect(removed.map(({ pid }) => pid));
    journal({
      event: 'leftovers_removed',
      pids: removed.map(({ pid }) => String(pid)),
      commands: removed.map(({ command }) => command.slice(0, 200)),
    });
  }
  const [survivor] = survivors;
  if (survivor !== undefined) {
    const others = survivors.length > 1 ? ` and ${survivors.length - 1} more` : '';
    const detail = `process ${survivor.pid}${others} of the previous attempt survives SIGKILL (${survivor.command.slice(0, 100)}); no trainer may start beside it`;
    return { missing: 'leftovers', detail };
  }
  try {
    const isThere = statSync(checkpointDir, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere) mkdirSync(checkpointDir, { recursive: true });
    const asked = findShortage(options);
    if (isToWait(options)) {
      const shortage = await asked;
      if (shortage !== undefined) return shortage;
    }
    const device = String(statSync(checkpointDir).dev);
    const verified = options.isFresh ? startAfresh(options, []) : findStart(options);
    const shortage = await asked;
    if (shortage !== undefined) {
      for (const note of verified.notes) options.log(note);
      return shortage;
    }
    if (isElsewhere(options, verified, device)) return describeElsewhere(options);
    const { remote } = options;
    if (remote !== undefined && !options.isFresh && !isLoadable(options, verified)) {
      const fetched = await fetchStart(options, remote, verified);
      return 'missing' in fetched ? fetched : { verified: { ...fetched.verified, device } };
    }
    return { verified: { ...verified, device } };
  } catch (error) {
    return { missing: 'checkpoints', detail: `the checkpoint directory cannot be used: ${(error as Error).message}` };
  }
}

/**
 * Whether it has to be known first that nothing is missing: something is likely to be, or the next step moves something away.
 * Else `nvidia-smi`, where it is asked at all, works while the checkpoint is verified.
 */
function isToWait({ lastClass, isFresh, stepBack }: PrepareOptions): boolean {
  const isLikely = lastClass === 'disk-full' || lastClass === 'gpu-lost' || lastClass === 'gpu-busy';
  return isLikely || isFresh || stepBack !== undefined;
}

/** A disk that is not mounted leaves an empty folder on another one: that is no reason to begin anew. */
function isElsewhere(
  { isFresh, mostEpochs, device: before }: PrepareOptions,
  verified: Verified,
  device: string,
): boolean {
  const isEmpty = !verified.resume && verified.setAside === undefined;
  return !isFresh && isEmpty && mostEpochs > 0 && before !== undefined && before !== device;
}

function describeElsewhere({ checkpointDir, mostEpochs }: PrepareOptions): Prepared {
  const detail = `the checkpoint directory ${checkpointDir}: it is empty, and on another disk than when epoch ${mostEpochs} was completed; mount it, or start over with --no-restore`;
  return { missing: 'checkpoints', detail };
}

/** Of somebody else's checkpoint in doubt, `notes` tell; a trainer that names none finds it by itself. */
function isLoadable({ checkpointDir, verify }: PrepareOptions, { resume, progress, notes }: Verified): boolean {
  if (!resume || notes.length === 0 || progress.checkpoint === undefined) return resume;
  return verifyForeign(resolve(checkpointDir, locateForeign(checkpointDir, progress.checkpoint)), verify).ok;
}

/** There is nothing here to start from, and perhaps at the remote store. */
async function fetchStart(options: PrepareOptions, remote: RemoteSource, verified: Verified): Promise<Prepared> {
  const outcome = await remote.fetch();
  if (outcome.kind === 'restored') {
    const { notes, ...found } = findStart(options);
    return { verified: { ...found, notes: [...verified.notes, ...outcome.notes, ...notes] } };
  }
  if (outcome.kind !== 'failed') return { verified: { ...verified, notes: [...verified.notes, ...outcome.notes] } };
  const { waitedMs, mostMs, url } = remote;
  const why = `${url} cannot be asked for a checkpoint (${outcome.reason})`;
  if (!mayBeginAnew({ waitedMs, mostMs, mostEpochs: options.mostEpochs })) {
    for (const note of verified.notes) options.log(note);
    return { missing: 'remote', detail: `${why}, and there is none here` };
  }
  return { verified: { ...verified, notes: [...verified.notes, `${why}: starting without it`] } };
}

function startAfresh({ checkpointDir }: PrepareOptions, notes: readonly string[]): Verified {
  return { resume: false, progress: noProgress, checkpointDir, setAside: setAside(checkpointDir), notes };
}

function findStart(options: PrepareOptions): Verified {
  const { checkpointDir, epochBase, known } = options;
  const found = findResumable(checkpointDir, {
    ...{ mode: options.verify, epochBase, pattern: options.pattern, stepBack: options.stepBack },
  });
  const restored = restoreRecord(options, found);
  if (restored !== undefined) {
    const { notes, ...verified } = findStart({ ...options, readEpochInfos: () => [] });
    return { ...verified, notes: [...found.notes, restored, ...notes] };
  }
  switch (found.kind) {
    case 'none':
      // An epoch_info.json that names what is not there would be taken for the new run's own progress.
      if (found.notes.length > 0) return startAfresh(options, [...found.notes, 'starting from scratch']);
      return {
        ...{ resume: false, progress: noProgress, checkpointDir, setAside: undefined },
        notes: known.epochs === 0 ? [] : ['starting from scratch'],
      };
    case 'unrecorded':
      return startAfresh(options, [...found.notes, 'starting from scratch']);
    case 'foreign':
      return resumeForeign(options, found);
    case 'checkpoint': {
      const progress = progressOf(found.epochInfo, unconverted(found.epochInfo, epochBase));
      return { resume: true, progress, checkpointDir, setAside: undefined, notes: found.notes };
    }
  }
}

/** Somebody else's checkpoints: `epoch_info.json` is all that we can go by; a torn one is restored from the journal. */
function resumeForeign(options: PrepareOptions, found: Extract<Resumable, { kind: 'foreign' }>): Verified {
  const { checkpointDir, epochBase, known, lastEpochInfo } = options;
  const aside = { checkpointDir, setAside: undefined };
  if (found.epochInfo !== undefined) {
    const progress = progressOf(found.epochInfo, unconverted(found.epochInfo, epochBase));
    const resume = progress.epochs > 0 || progress.partialStep > 0;
    return { ...aside, resume, progress, notes: found.notes };
  }
  if (lastEpochInfo === undefined)
    return { ...aside, resume: known.epochs > 0, progress: known, notes: [...found.notes, 'nothing is known of it'] };
  writeFileAtomic(epochInfoPath(checkpointDir), JSON.stringify(lastEpochInfo));
  const progress = progressOfRecord(lastEpochInfo, epochBase) ?? known;
  const note = `epoch_info.json is restored from the journal: last completed epoch ${progress.epochs}`;
  return { ...aside, resume: true, progress, notes: [...found.notes, note] };
}

/** The record as its trainer writes it, in the trainer's own way to count epochs. */
function unconverted<Info extends { readonly last_completed_epoch: number; readonly best_epoch?: number }>(
  info: Info,
  epochBase: 0 | 1,
): Record<string, unknown> {
  const shift = 1 - epochBase;
  if (shift === 0) return { ...info };
  const best = info.best_epoch === undefined ? {} : { best_epoch: info.best_epoch - shift };
  return { ...info, last_completed_epoch: info.last_completed_epoch - shift, ...best };
}
