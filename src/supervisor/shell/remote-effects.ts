import { type LoadedExperiment, remoteSettings } from '../../config/index.js';
import { monotonicMs, type RunStatus } from '../../protocol/index.js';
import type { State } from '../state.js';
import type { RemoteSource } from './prepare-launch.js';
import type { Uploads, UploadsOptions } from './uploads.js';

/** What a run does with its remote store; nothing without one. */
export interface RemoteEffects {
  /** To be called with every state that is told. */
  readonly onState: (state: State) => Promise<void> | undefined;
  /** Where a launch in this state can fetch a checkpoint from. */
  readonly source: (state: State) => RemoteSource | undefined;
  /** Returns when the end of the run has not to wait for the store any more. */
  readonly settled: (state: State) => Promise<void>;
  readonly status: () => RunStatus['remote'];
  readonly close: () => Promise<void> | undefined;
}

export interface RemoteEffectsOptions extends Omit<UploadsOptions, 'remote' | 'onChange'> {
  readonly loaded: LoadedExperiment;
}

/** `onChange` hears that there is something new to tell. */
export function createRemoteEffects(options: RemoteEffectsOptions, onChange: () => void): RemoteEffects {
  const remote = remoteSettings(options.loaded.config);
  let uploads: Uploads | undefined;
  if (remote === undefined)
    return {
      onState: () => undefined,
      source: () => undefined,
      settled: async () => undefined,
      status: () => null,
      close: () => undefined,
    };
  /** Loaded by runs that have a remote store. */
  const open = async () => {
    const { createUploads } = await import('./uploads.js');
    uploads ??= createUploads({ ...options, remote, onChange });
    return uploads;
  };
  return {
    onState: async (state) => (await open()).onState(state),
    source: (state) => {
      if (!remote.restores) return undefined;
      const since = state.name === 'preparing' ? state.waitingSince : undefined;
      return {
        url: remote.store.url,
        fetch: async () => (await open()).fetch(),
        waitedMs: since === undefined ? 0 : monotonicMs() - since,
        mostMs: remote.restoreWaitMs,
      };
    },
    settled: async (state) => {
      const opened = await open();
      await new Promise<void>((settle) => opened.settle(state, settle));
    },
    status: () => uploads?.status() ?? null,
    close: () => uploads?.close(),
  };
}
