import { basename } from 'node:path';
import type { RunStatus } from '../protocol/index.js';
import type { RunInspection } from '../supervisor/shell/inspect-run.js';
import { formatDuration, formatTime } from './format.js';

/** Whether a run is what it should be: complete, or looked after. */
export function isInOrder({ supervision, status }: RunInspection): boolean {
  return supervision === 'supervised' || supervision === 'elsewhere' || isComplete(status, supervision);
}

function isComplete(status: RunStatus | undefined, supervision: RunInspection['supervision']): boolean {
  return supervision === 'ended' && status?.state === 'completed';
}

/** One word for what a run does now, whatever its last status says. */
export function stateWord({ supervision, status, holder }: RunInspection): string {
  if (supervision === 'orphaned' || supervision === 'dead') return supervision;
  if (supervision === 'new' || status === undefined) return 'starting';
  return supervision === 'supervised' && status.supervisor_pid !== holder?.pid ? 'starting' : status.state;
}

/** What `--json` prints of a run: the content of `status.json`, and what is so of its processes. */
export function runAsJson(run: RunInspection): Record<string, unknown> {
  return {
    ...{ name: nameOf(run), run_dir: run.runDir, supervision: run.supervision },
    supervisor_alive: run.supervision === 'elsewhere' ? null : run.supervision === 'supervised',
    supervisor_host: run.holder?.host ?? null,
    orphans: run.processes,
    status: run.status ?? null,
  };
}

/** The screen of `supervise status`. Pure, but for the time of day. */
export function describeRun(run: RunInspection, now: Date): string[] {
  const { status } = run;
  const rows: (readonly [string, string | undefined])[] = [
    ['state', `${stateWord(run)}${describeState(run, now)}`],
    ...(status === undefined ? [] : describeWork(status, run, now)),
    ['supervisor', describeSupervisor(run, now)],
    ['trainer', describeTrainer(run)],
    ['last failure', describeFailure(status)],
    ['log', status?.output ?? undefined],
    ['checkpoints', status?.checkpoint_dir],
    ['remote', describeRemote(status)],
    ['run directory', run.runDir],
  ];
  const shown = rows.flatMap(([title, text]) => (text === undefined ? [] : [`  ${title.padEnd(13)} ${text}`]));
  return [nameOf(run), ...shown];
}

/** One line of `supervise list`, as columns. */
export function describeInBrief(run: RunInspection): string[] {
  const { status } = run;
  return [
    nameOf(run),
    stateWord(run),
    status === undefined ? '–' : `${status.epochs_completed}/${status.epochs_total}`,
    status === undefined ? '' : countRestarts(status),
    run.supervision === 'supervised' && typeof status?.eta_secs === 'number'
      ? `ETA ${formatDuration(status.eta_secs)}`
      : '',
    status === undefined ? '' : formatTime(status.updated_at),
  ];
}

/** The name of a run: its experiment's, or its directory's. */
export function nameOf({ status, runDir }: RunInspection): string {
  return status?.experiment_name ?? basename(runDir);
}

function describeState({ supervision, status, trainer, processes }: RunInspection, now: Date): string {
  if (supervision === 'orphaned') return `: supervisor dead; trainer ${trainer} still runs (start again to adopt it)`;
  if (supervision === 'dead') {
    const left = processes.length === 0 ? '' : `, processes ${processes.join(', ')} of its trainer are left`;
    return `: supervisor dead${describeLastWords(status)}${left}; start again to continue`;
  }
  if (status === undefined) return '';
  if (status.state === 'waiting') return `: ${status.waiting_for ?? 'for what it needs'}`;
  if (status.state === 'stopping' && status.stop_reason !== null) return `: ${status.stop_reason}`;
  if (status.state === 'backingOff' && status.next_launch_at !== null) {
    const left = (Date.parse(status.next_launch_at) - now.getTime()) / 1000;
    return `: next launch in ${formatDuration(left)}, at ${formatTime(status.next_launch_at)}`;
  }
  return status.state === 'gaveUp' || status.state === 'stopped' ? '; start again to continue' : '';
}

function describeLastWords(status: RunStatus | undefined): string {
  return status === undefined ? '' : `, last heard of ${formatTime(status.updated_at)} (${status.state})`;
}

function describeWork(
  status: RunStatus,
  { supervision }: RunInspection,
  now: Date,
): (readonly [string, string | undefined])[] {
  const isAtWork = supervision === 'supervised' && status.phase !== null && status.trainer_pid !== null;
  const eta =
    status.eta_secs === null || supervision !== 'supervised' ? '' : `, ETA ${formatDuration(status.eta_secs)}`;
  const score = status.best_score === null ? '' : `, score ${status.best_score.toFixed(2)}`;
  return [
    ['epochs', `${status.epochs_completed}/${status.epochs_total}${eta}`],
    [
      'now',
      isAtWork ? `${status.phase}: epoch ${status.epoch}, step ${status.step}/${status.steps_per_epoch}` : undefined,
    ],
    ['at risk now', supervision === 'supervised' ? describeRisk(status, now) : undefined],
    ['best', status.best_epoch === null ? undefined : `epoch ${status.best_epoch}${score}`],
    ['attempt', `${status.attempt}, ${countRestarts(status)} (${status.restarts_without_progress} without progress)`],
    ['checkpoint', status.checkpoint ?? undefined],
  ];
}

/** What a crash at this moment would cost: the status was written when something was saved last, or later. */
function describeRisk({ at_risk_secs, updated_at, trainer_pid }: RunStatus, now: Date): string | undefined {
  if (at_risk_secs === null || trainer_pid === null) return undefined;
  const since = Math.max(0, (now.getTime() - Date.parse(updated_at)) / 1000);
  return `${formatDuration(at_risk_secs + since)} of work, since it was last saved`;
}

function countRestarts({ restarts }: RunStatus): string {
  return `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
}

function describeSupervisor({ supervision, holder, status }: RunInspection, now: Date): string {
  if (supervision === 'elsewhere') return `${holder?.pid} on ${holder?.host}, which cannot be asked from here`;
  if (supervision !== 'supervised' || holder === undefined)
    return status === undefined ? 'none' : `none (the last was ${status.supervisor_pid})`;
  const age = (now.getTime() - Date.parse(holder.since)) / 1000;
  return `${holder.pid}, alive since ${formatTime(holder.since)} (${formatDuration(age)})`;
}

function describeTrainer({ supervision, status, trainer, processes }: RunInspection): string | undefined {
  if (supervision === 'orphaned') {
    const others = processes.length > 1 ? `, and ${processes.length - 1} more of the run` : '';
    return `${trainer}, alive${others}`;
  }
  if (supervision !== 'supervised' || typeof status?.trainer_pid !== 'number') return undefined;
  return `${status.trainer_pid}, alive`;
}

function describeRemote(status: RunStatus | undefined): string | undefined {
  const remote = status?.remote;
  if (remote === null || remote === undefined) return undefined;
  const { url, checkpoint, epoch, uploaded_at: at, failing_since: since, last_error: error } = remote;
  if (since !== null) return `${url}: not uploaded since ${formatTime(since)}: ${error}`;
  const busy = remote.is_uploading ? '; uploading' : '';
  const has = checkpoint === null || at === null ? 'nothing yet' : `${checkpoint} (epoch ${epoch}), ${formatTime(at)}`;
  return `${url}: ${has}${busy}`;
}

function describeFailure(status: RunStatus | undefined): string | undefined {
  const failure = status?.last_failure;
  return failure === null || failure === undefined ? undefined : `${failure.class}: ${failure.summary}`;
}

/** How a run that nobody looks after has ended, in a sentence. */
export function describeEnd(run: RunInspection): string {
  const { status, supervision } = run;
  if (status === undefined) return `${nameOf(run)} never began`;
  const done = `${status.epochs_completed}/${status.epochs_total} epochs`;
  if (supervision === 'dead') return `${nameOf(run)}: its supervisor is dead at ${done}; start again to continue`;
  if (supervision === 'orphaned')
    return `${nameOf(run)}: its supervisor is dead, its trainer still runs; start again to adopt it`;
  if (status.state === 'completed') return `${nameOf(run)} is complete: ${done}`;
  return `${nameOf(run)} ${status.state === 'gaveUp' ? 'was given up' : 'is stopped'} at ${done}; start again to continue`;
}
