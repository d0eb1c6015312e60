import { existsSync, mkdirSync } from 'node:fs';
import { setAside } from '../../checkpoint/index.js';
import {
  listRemote,
  openRemoteStore,
  pullCheckpoint,
  pushCheckpoints,
  RemoteError,
  type RemoteStore,
} from '../../checkpoint/remote/index.js';
import {
  type LoadedExperiment,
  loadExperiment,
  type ResolvedRun,
  remoteSettings,
  resolveRun,
} from '../../config/index.js';
import { epochInfoPath, SuperviseError } from '../../protocol/index.js';
import { inspectRun } from '../../supervisor/shell/inspect-run.js';
import { findRun } from '../find-run.js';
import { alignColumns, formatBytes, formatTime } from '../format.js';
import { isFile } from '../is-file.js';
import { loadRecordedRun } from '../load-recorded-run.js';

/** `supervise checkpoint ls --remote`: what counts at the store of a run. @throws REMOTE_STORE */
export async function listRemoteCheckpoints(named: string | undefined, runsDir: string) {
  const { store, remote } = await openFor(named, runsDir);
  return orExplain(store.url, () => listRemote(store, remote.run));
}

/** The lines of a table of them. */
export function describeRemoteList(listed: Awaited<ReturnType<typeof listRemoteCheckpoints>>): string[] {
  return alignColumns(
    listed.map(({ checkpoint, epoch, step, bytes, pushed_at, problem, is_newest, generation }) => [
      checkpoint,
      step === 0 ? `epoch ${epoch}` : `epoch ${epoch} + ${step} steps`,
      formatBytes(bytes),
      pushed_at === '' ? '' : formatTime(pushed_at),
      problem ?? (is_newest ? 'newest' : ''),
      `training of ${generation.slice(0, 10)}`,
    ]),
  );
}

/** `supervise checkpoint push`: brings the newest and the best one to the store. @throws REMOTE_STORE */
export async function pushToRemote(named: string | undefined, runsDir: string): Promise<string[]> {
  const { store, remote, loaded, run } = await openFor(named, runsDir);
  const { trainer, checkpoints } = loaded.config;
  const { newest, best, removed } = await orExplain(store.url, () =>
    pushCheckpoints({
      ...{ store, run: remote.run, rules: remote.rules, what: 'newest', verify: checkpoints.verify },
      ...{ directory: run.checkpointDir, epochBase: trainer.epoch_base, pattern: trainer.checkpoint_pattern },
    }),
  );
  if (newest === undefined) return [`There is no checkpoint in ${run.checkpointDir}`];
  const told = best === undefined || best.epoch === newest.epoch ? [newest] : [newest, best];
  return [
    ...told.map(({ checkpoint, epoch, bytes }) =>
      bytes === 0
        ? `${checkpoint} (epoch ${epoch}) is at ${store.url} already`
        : `${checkpoint} (epoch ${epoch}) is at ${store.url} now: ${formatBytes(bytes)}`,
    ),
    ...(removed.length === 0 ? [] : [`${removed.length} of earlier epochs removed there`]),
  ];
}

/** `supervise checkpoint pull`: fetches the newest good one; `force` sets aside what is here. @throws REMOTE_STORE, LOCKED, USAGE */
export async function pullFromRemote(named: string | undefined, runsDir: string, force: boolean): Promise<string[]> {
  const { store, remote, loaded, run } = await openFor(named, runsDir);
  const { checkpointDir } = run;
  if (existsSync(run.runDir) && inspectRun(run.runDir).supervision === 'supervised')
    throw new SuperviseError('LOCKED', {
      what: 'the run is supervised now',
      where: run.runDir,
      hint: 'supervise stop first',
    });
  if (existsSync(epochInfoPath(checkpointDir)) && !force)
    throw new SuperviseError('USAGE', {
      what: 'there are checkpoints already',
      where: checkpointDir,
      hint: '--force sets them aside in previous/',
    });
  mkdirSync(checkpointDir, { recursive: true });
  const aside = force ? setAside(checkpointDir) : undefined;
  const { restored, bytes, notes } = await orExplain(store.url, () =>
    pullCheckpoint({ store, run: remote.run, directory: checkpointDir, epochBase: loaded.config.trainer.epoch_base }),
  );
  return [
    ...(aside === undefined ? [] : [`What was here is in ${aside}`]),
    ...notes,
    restored === undefined
      ? `There is no checkpoint of ${remote.run} at ${store.url}`
      : `${restored.checkpoint} (epoch ${restored.epoch}) is in ${checkpointDir} now: ${formatBytes(bytes)}`,
  ];
}

interface OpenedRun {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly remote: NonNullable<ReturnType<typeof remoteSettings>>;
  readonly store: RemoteStore;
}

/** By its experiment file, which may never have run here, or as any other run. */
async function openFor(named: string | undefined, runsDir: string): Promise<OpenedRun> {
  const isExperiment = named !== undefined && isFile(named);
  const { loaded, run } = isExperiment ? load(named) : recordedRun(await findRun(named, runsDir));
  const remote = remoteSettings(loaded.config);
  if (remote === undefined)
    throw new SuperviseError('USAGE', {
      what: `${loaded.config.experiment_name} has no remote store`,
      where: loaded.path,
      hint: 'set checkpoints.remote to s3://bucket/prefix, gs://bucket/prefix or file:///folder',
    });
  const store = await orExplain(remote.store.url, () => openRemoteStore(remote.store));
  return { loaded, run, remote, store };
}

function load(path: string) {
  const loaded = loadExperiment({ path, flags: {}, env: process.env });
  return { loaded, run: resolveRun(loaded, process.cwd()) };
}

function recordedRun(runDir: string) {
  return loadRecordedRun(runDir, inspectRun(runDir).status);
}

async function orExplain<Value>(url: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const problem = { what: error.message, where: url, ...(error.fix !== undefined && { hint: error.fix }) };
    throw new SuperviseError('REMOTE_STORE', problem, { cause: error });
  }
}
