const time = '2026-01-31T02:14:09.000Z';

const journal = [
  {
    ...{ time, event: 'run_started', supervisor_pid: 4700, token: '0123456789abcdef0123456789abcdef', start: 'new' },
    ...{
      experiment_name: 'night',
      epochs_total: 15,
      run_dir: '/runs/night',
      checkpoint_dir: '/runs/night/checkpoints',
    },
    command: ['python', 'train.py'],
  },
  {
    ...{ time, event: 'checkpoint_verified', resume: false, last_completed_epoch: 0, epochs_total: 15 },
    ...{ checkpoint_dir: '/runs/night/checkpoints', notes: [] },
  },
  { time, event: 'launching', attempt: 1, resume: false, command: ['python', 'train.py'] },
  { time, event: 'launched', attempt: 1, pid: 4711, start_time: '9123', boot_id: 'b-1', output: '/runs/night/o.log' },
  { time, event: 'ready', attempt: 1, after_ms: 812.5 },
  ...[1, 2, 3].map((epoch) => ({
    ...{
      time,
      event: 'epoch_completed',
      attempt: 1,
      epoch,
      epochs_total: 15,
      checkpoint: `ckpt-${epoch}`,
      epoch_ms: 61.25,
    },
    epoch_info: { last_completed_epoch: epoch, best_epoch: 1, best_score: 25.34 },
  })),
  {
    ...{
      time,
      event: 'exited',
      attempt: 1,
      code: null,
      signal: 'SIGKILL',
      class: 'killed',
      summary: 'killed from outside',
    },
    ...{ evidence: ['the last line'], ran_ms: 90_000, lost_ms: 12, restarts: 1, restarts_without_progress: 1 },
  },
  { time, event: 'backing_off', attempt: 1, delay_ms: 3, restarts: 1, restarts_without_progress: 1 },
  { time, event: 'launching', attempt: 2, resume: true, command: ['python', 'train.py', '--resume'] },
  { time, event: 'launched', attempt: 2, pid: 4712, start_time: '9200', boot_id: 'b-1', output: '/runs/night/o.log' },
];

const status = {
  ...{ experiment_name: 'night', state: 'running', attempt: 2, restarts: 1, restarts_without_progress: 1 },
  ...{ supervisor_pid: 4700, trainer_pid: 4712, epochs_completed: 3, epochs_total: 15, checkpoint: 'ckpt-3' },
  ...{ best_epoch: 1, best_score: 25.34, last_failure: { class: 'killed', summary: 'killed' }, stop_reason: null },
  ...{ waiting_for: null, next_launch_at: null, phase: 'train', epoch: 4, step: 12, steps_per_epoch: 90 },
  ...{ values: { loss: 0.41 }, eta_secs: 61, run_dir: '/runs/night', checkpoint_dir: '/c', output: '/o.log' },
  ...{ started_at: time, updated_at: time },
};

const epochInfo = {
  ...{ last_completed_epoch: 2, best_epoch: 1, best_score: 25.34, timestamp: time, total_epochs: 15 },
  ...{
    status: 'running',
    checkpoint: 'ckpt-2',
    partial: { epoch: 3, step: 12, checkpoint: 'partial-3-12' },
    mine: [1],
  },
};

const heartbeat = {
  ...{ attempt: 2, pid: 4712, phase: 'train', epoch: 3, step: 120, steps_per_epoch: 2133 },
  values: { loss: 0.41, lr: 1e-4 },
};

const lock = {
  ...{ pid: 4700, start_time: '9100', boot_id: 'b-1', host: 'desk', token: '0123456789abcdef0123456789abcdef' },
  ...{ run_dir: '/runs/night', since: time, nonce: '8a1f6f0e-6d57-4a63-9b7c-0b8d0f6f7a11' },
};

const experiment = {
  ...{ experiment_name: 'night', epochs: 15, seed: 7, trainer: { command: ['python', 'train.py'], epoch_base: 1 } },
  ...{ restart: { initial_delay_ms: 1, max_delay_ms: 20 }, training: { batch_size: 2, learning_rate: 1e-4 } },
};

/** One intact file of each kind that a supervisor reads. */
export const samples = {
  'epoch_info.json': Buffer.from(JSON.stringify(epochInfo)),
  'heartbeat.json': Buffer.from(JSON.stringify(heartbeat)),
  'journal.jsonl': Buffer.from(journal.map((entry) => `${JSON.stringify(entry)}\n`).join('')),
  'status.json': Buffer.from(JSON.stringify(status, null, 2)),
  lock: Buffer.from(`${JSON.stringify(lock)}\n`),
  'experiment.json': Buffer.from(JSON.stringify(experiment, null, 2)),
};
