import type { Experiment } from '../../config/schema.js';

/** What the reference trainer is asked to do. All paths are absolute. */
export interface TrainerOptions {
  readonly config: Experiment;
  readonly paths: { readonly runDir: string; readonly checkpointDir: string; readonly sampleDir: string };
  /** Continue from the newest good checkpoint when there is one. */
  readonly resume: boolean;
  /** Set existing checkpoints aside and start afresh, whatever `resume` says. */
  readonly noRestore: boolean;
  /** Takes one line of text for the user. */
  readonly log: (line: string) => void;
}
