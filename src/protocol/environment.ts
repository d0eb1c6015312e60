/** Environment variables that the supervisor sets for a trainer. All values are strings; paths are absolute. */
export const TrainerEnv = {
  runDir: 'SUPERVISE_RUN_DIR',
  checkpointDir: 'SUPERVISE_CHECKPOINT_DIR',
  /** Number of this launch, counted from 1 over the whole run. */
  attempt: 'SUPERVISE_ATTEMPT',
  /** `1` when there is a checkpoint to resume from, else `0`. */
  resume: 'SUPERVISE_RESUME',
  /** The configured epoch count. */
  epochs: 'SUPERVISE_EPOCHS',
  /** Mean time between failures of this run so far, in seconds: what an automatic checkpoint interval goes by. */
  mtbf: 'SUPERVISE_MTBF_SECS',
  /** After divergences: the batches to leave out, `epoch:steps done before it`, with commas between; empty for none. */
  skipSteps: 'SUPERVISE_SKIP_STEPS',
  /** After divergences: the factor on the learning rates. */
  lrFactor: 'SUPERVISE_LR_FACTOR',
  /** Path of the heartbeat file that the trainer may write. */
  heartbeat: 'SUPERVISE_HEARTBEAT',
  /** `1` for a process that is to load everything and wait: it begins when a line comes on its standard input. */
  standby: 'SUPERVISE_STANDBY',
  /** Random token of this run: every descendant inherits it, so that leftovers can be recognised as ours. */
  token: 'SUPERVISE_TOKEN',
} as const;
