import type { JournalEntry } from '../../protocol/index.js';

/** What a journal entry tells the user: lines of text, none for what is of no interest while watching. Pure. */
export function describeEntry(entry: JournalEntry): string[] {
  switch (entry.event) {
    case 'run_started':
      return entry.start === 'continued'
        ? [`Continuing ${entry.experiment_name} in ${entry.run_dir}`]
        : [`Starting ${entry.experiment_name} in ${entry.run_dir}`];
    case 'checkpoint_verified':
      return describeVerified(entry);
    case 'leftovers_removed':
      return [
        `Ended ${entry.pids.length} processes that an earlier attempt left behind: ${entry.commands.join(', ').slice(0, 200)}`,
      ];
    case 'launched':
      return [`Attempt ${entry.attempt}: trainer started, pid ${entry.pid}, log ${entry.output}`];
    case 'launch_failed':
      return [`Attempt ${entry.attempt}: the trainer could not be started: ${entry.reason}`];
    case 'adopted':
      return [`Adopted the trainer that is still running: attempt ${entry.attempt}, pid ${entry.pid}`];
    case 'epoch_completed':
      return [
        `Epoch ${entry.epoch}/${entry.epochs_total} done${entry.best_epoch === undefined ? '' : `; best: epoch ${entry.best_epoch}${entry.best_score === undefined ? '' : `, score ${entry.best_score.toFixed(2)}`}`}`,
      ];
    case 'not_resumed':
      return [
        `Warning: attempt ${entry.attempt} reports epoch ${entry.epoch}, although ${entry.launched_from} were complete when it was launched: does the trainer continue from its checkpoint with trainer.resume_args?`,
      ];
    case 'log_cut':
      return [
        `Attempt ${entry.attempt}: its log had ${Math.round(entry.bytes / 1e6)} MB and was cut; the last part of it is in output.log.1 (trainer.log_limit_mb)`,
      ];
    case 'hang_detected':
      return [
        `Attempt ${entry.attempt} hangs: no sign of work for ${seconds(entry.silent_ms)} in ${entry.phase} (threshold ${seconds(entry.threshold_ms)})`,
      ];
    case 'exited':
      return entry.class === 'finished' || entry.class === 'stopped'
        ? []
        : [
            `Attempt ${entry.attempt} ended after ${seconds(entry.ran_ms)}: ${entry.summary}`,
            ...entry.evidence.slice(-3).map((line) => `  | ${line.slice(0, 160)}`),
          ];
    case 'backing_off':
      return entry.delay_ms === 0
        ? []
        : [
            `Relaunching in ${seconds(entry.delay_ms)} (restart ${entry.restarts}, ${entry.restarts_without_progress} without progress)`,
          ];
    case 'waiting':
      return [`Waiting: ${entry.detail}`];
    case 'stop_requested':
      return [
        entry.forced
          ? `${entry.reason}, not to be waited for: ending the trainer now`
          : `${entry.reason}: asking the trainer to save and stop (once more: end it now)`,
      ];
    case 'killed':
      return [`Attempt ${entry.attempt} did not stop in time and was killed`];
    case 'uploaded':
      return entry.behind_ms === undefined
        ? []
        : [`Uploaded ${entry.checkpoint} to ${entry.url}, after ${seconds(entry.behind_ms)} in which that failed`];
    case 'upload_failed':
      return [
        `Not uploaded to ${entry.url}: ${entry.reason}; the training goes on, and it is tried again`,
        ...(entry.fix === undefined ? [] : [`  → ${entry.fix}`]),
      ];
    case 'uploading':
      return [
        `Uploading what is not at the remote store yet (at most ${seconds(entry.wait_ms)}; Ctrl-C does not wait)`,
      ];
    case 'fetching':
      return [`Fetching ${entry.checkpoint} from ${entry.url}: ${(entry.bytes / 1e6).toFixed(1)} MB`];
    case 'stopped':
      return [`Stopped at ${entry.epochs_completed}/${entry.epochs_total} epochs; the same command continues.`];
    default:
      return [];
  }
}

function describeVerified(entry: Extract<JournalEntry, { event: 'checkpoint_verified' }>): string[] {
  const notes = entry.notes.map((note) => `Warning: ${note}`);
  const aside = entry.set_aside === undefined ? [] : [`Earlier checkpoints are kept in ${entry.set_aside}`];
  if (!entry.resume || entry.last_completed_epoch >= entry.epochs_total) return [...notes, ...aside];
  return [
    ...notes,
    'Resuming.',
    `  Checkpoint directory: ${entry.checkpoint_dir}`,
    `  Last checkpoint: ${entry.checkpoint ?? 'as the trainer finds it'}`,
    `  Last completed epoch: ${entry.last_completed_epoch}`,
    `  Continuing from epoch: ${entry.last_completed_epoch + 1}/${entry.epochs_total}`,
  ];
}

function seconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.round(milliseconds / 60_000)} min`;
}
