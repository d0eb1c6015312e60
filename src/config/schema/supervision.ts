import { z } from 'zod';
import { failureClassNames } from '../../protocol/index.js';
import { describePatternFault } from '../failure-pattern.js';
import { count, milliseconds, path, positive } from './values.js';

/** The program that trains, and how it is started. */
export const trainer = z
  .object({
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Program and arguments of the trainer, run as written. Without it the reference trainer runs.'),
    resume_args: z
      .array(z.string())
      .default(['--resume'])
      .describe('Arguments appended to the command when there is a checkpoint to resume from.'),
    epoch_base: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('0 when the trainer counts its first epoch as 0 in epoch_info.json; the supervisor converts.'),
    checkpoint_pattern: z
      .string()
      .regex(/^(?!.*\{epoch\}.*\{epoch\}).*\{epoch\}/, 'a path with {epoch} in it, once')
      .optional()
      .describe(
        'Where a trainer of your own keeps the checkpoint of an epoch, such as "ckpt-{epoch}.pt": {epoch} as it counts in epoch_info.json, * for anything. Needed to step back over a damaged one where file names do not tell the epoch.',
      ),
    oom_args: z
      .array(z.string())
      .optional()
      .describe(
        'Arguments appended after an out-of-memory failure, until an epoch is completed: {batch_size} and {accumulate} stand for half the micro-batch and twice the steps of accumulation, halved again at each further failure. The reference trainer has them already.',
      ),
    log_limit_mb: positive
      .default(4096)
      .describe(
        'Size in MB at which the log of an attempt is cut: its last 64 MiB are kept as output.log.1, and it begins anew.',
      ),
    env: z.record(z.string(), z.string()).default({}).describe('Environment variables added for the trainer.'),
    cwd: path.optional().describe('Working directory of the trainer. Default: the directory of the experiment file.'),
  })
  .describe('The program that trains.');

/** When a trainer that ended is started again, and how long one may take to end. */
export const restart = z
  .object({
    initial_delay_ms: milliseconds
      .default(1000)
      .describe('Longest delay before the first restart; the delay itself is drawn at random below it.'),
    max_delay_ms: milliseconds
      .default(300_000)
      .describe(
        'Longest delay before any restart; it doubles with each restart without progress until it is this long.',
      ),
    max_restarts: count.default(1000).describe('Restarts allowed over the whole run.'),
    max_restarts_without_progress: count
      .default(10)
      .describe(
        'Restarts allowed in a row without new work on disk; a completed epoch refunds them, and so does a checkpoint inside one that holds more than any before.',
      ),
    max_restarts_per_window: positive
      .optional()
      .describe('Restarts allowed within any stretch of window_ms, with progress or without. Default: no such limit.'),
    window_ms: milliseconds.default(3_600_000).describe('Length of the window of max_restarts_per_window.'),
    max_wait_ms: milliseconds
      .default(86_400_000)
      .describe('Longest wait for what a launch needs: room on the disk, a GPU, leftovers that do not end.'),
    expected_mtbf_ms: milliseconds
      .default(10_800_000)
      .describe(
        'Mean time between failures that is assumed until the run has shown its own; the automatic checkpoint interval goes by it.',
      ),
    warm_spare: z
      .boolean()
      .default(false)
      .describe(
        'Keep the next trainer loaded and waiting, so that a relaunch only restores and steps. For the reference trainer, and for others that understand SUPERVISE_STANDBY.',
      ),
    stop_grace_ms: milliseconds
      .default(120_000)
      .describe('Time between SIGTERM and SIGKILL for a trainer that saves before it exits.'),
  })
  .describe('How crashes are answered.');

/** When silence counts as a hang. */
export const hang = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether a trainer that gives no sign of work is ended and relaunched.'),
    min_ms: milliseconds.default(60_000).describe('Silence shorter than this is never a hang.'),
    max_ms: milliseconds
      .default(1_800_000)
      .describe(
        'Silence that counts as a hang in a phase of which nothing is known yet; also the ceiling of what is learned, unless longer silences were really seen.',
      ),
    startup_max_ms: milliseconds
      .default(1_800_000)
      .describe('The same for the time from the launch to the first step, which may compile for long.'),
    factor: z.number().min(1.5).default(5).describe('A hang is this many times the longest silence of its phase.'),
  })
  .describe('How a hang is told from a slow phase. Thresholds are learned from the run itself.');

/** Who is told how the run goes. */
export const notify = z
  .object({
    ping_url: z
      .url()
      .optional()
      .describe(
        'Fetched at every interval while the run is in order, so that silence raises the alarm (healthchecks.io and the like); with /fail appended when it is given up.',
      ),
    ping_interval_ms: milliseconds.default(60_000).describe('Time between two pings.'),
    webhook_url: z
      .url()
      .optional()
      .describe(
        'Gets a POST with a JSON object {event, experiment_name, text, status} when the run completes, is given up, or hangs.',
      ),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Program run at the same events; the same JSON object on its standard input.'),
  })
  .describe('Who is told how the run goes.');

/** A rule of the user’s that names a failure. */
export const failureRule = z
  .strictObject({
    pattern: z
      .string()
      .min(1)
      .optional()
      .describe('Regular expression that a line of the log has to match. Without it codes or signals decide.'),
    class: z.enum(failureClassNames).describe('Class of the failure; docs/supervisor.md explains them.'),
    codes: z.array(z.number().int().min(0).max(255)).min(1).optional().describe('Only for these exit codes.'),
    signals: z
      .array(z.string().regex(/^SIG[A-Z0-9]+$/, 'names of signals such as SIGKILL'))
      .min(1)
      .optional()
      .describe('Only for these signals.'),
    flags: z
      .string()
      .regex(/^(?!.*(.).*\1)[imsu]*$/, 'flags of a regular expression out of i, m, s and u')
      .default('')
      .describe('Flags of the regular expression: "i" ignores upper and lower case.'),
  })
  .superRefine(({ pattern, flags, codes, signals }, context) => {
    if (pattern === undefined && codes === undefined && signals === undefined)
      context.addIssue({ code: 'custom', message: 'a pattern, codes or signals to tell it by' });
    const message = pattern === undefined ? undefined : describePatternFault(pattern, flags);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['pattern'], message });
  });
