import { execFile } from 'node:child_process';
import { type Check, type Finding, failure, ok, warning } from './check.js';
import { findProgram } from './check-command.js';
import { type Gpu, gpuFields, parseGpus } from './parse-gpus.js';

/** The GPUs that the experiment names answer, are cool, whole, and free. */
export const checkGpu: Check = {
  title: 'GPU',
  look: async ({ loaded, env, isQuick }) => {
    const wanted = wantedGpus(env['CUDA_VISIBLE_DEVICES']);
    const isWanted =
      wanted.length > 0 &&
      (loaded.config.training.gpu_id ?? loaded.config.trainer.env['CUDA_VISIBLE_DEVICES']) !== undefined;
    if (isQuick && !isWanted) return [];
    const tool = findProgram('nvidia-smi', process.cwd(), process.env['PATH'] ?? '');
    if (tool === undefined) {
      const what = 'there is no nvidia-smi, so nothing is known of the GPUs';
      return isWanted ? [warning(what, 'install the driver, or correct training.gpu_id')] : [];
    }
    const text = await askTool(tool.path, isQuick ? quickMs : patientMs);
    // A driver that wakes up takes seconds: too long for the quick look, and no fault.
    if (text === undefined && isQuick) return [];
    if (text === undefined || text.failed) {
      const what = `nvidia-smi fails${text === undefined ? ': no answer' : `: ${text.output.trim().split('\n')[0]}`}`;
      const fix = 'look at dmesg for Xid messages; a driver that was just updated needs a reboot';
      return [isWanted ? failure('machine', what, fix) : warning(what, fix)];
    }
    return judgeGpus(parseGpus(text.output), wanted, isWanted);
  },
};

/** The quick look is silent and short; a driver without persistence mode needs seconds. */
const quickMs = 120;
const patientMs = 20_000;
const hotDegrees = 85;
const leastFreeFraction = 0.5;

/** What CUDA_VISIBLE_DEVICES names: indices or UUIDs; none for an empty value. */
export function wantedGpus(visible: string | undefined): string[] {
  return (visible ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== '-1');
}

/** Judges the GPUs that are wanted, or all of them when none is named. Pure. */
export function judgeGpus(gpus: readonly Gpu[], wanted: readonly string[], isWanted: boolean): Finding[] {
  const missing = wanted.filter((name) => !gpus.some((gpu) => isNamed(gpu, name)));
  if (missing.length > 0 && isWanted) {
    const there = gpus.map(({ index }) => index).join(', ') || 'none';
    const what = `GPU ${missing.join(', ')} is not there (there is ${there})`;
    return [failure('machine', what, 'correct training.gpu_id, or look at dmesg for a GPU that fell off the bus')];
  }
  const ours = wanted.length === 0 ? gpus : gpus.filter((gpu) => wanted.some((name) => isNamed(gpu, name)));
  return ours.flatMap(judgeGpu);
}

function isNamed({ index, uuid }: Gpu, name: string): boolean {
  return name === index || uuid.startsWith(name);
}

function judgeGpu({ index, name, degrees, totalMiB, usedMiB, eccErrors }: Gpu): Finding[] {
  const who = `GPU ${index} (${name})`;
  const findings: Finding[] = [];
  if (degrees !== undefined && degrees >= hotDegrees)
    findings.push(
      warning(`${who} is at ${degrees} °C before it has begun`, 'check the fans, and what else runs on it'),
    );
  if (eccErrors !== undefined && eccErrors > 0)
    findings.push(
      warning(`${who} has had ${eccErrors} uncorrected memory errors`, 'reset or replace it: results may be wrong'),
    );
  const free = totalMiB === undefined || usedMiB === undefined ? undefined : totalMiB - usedMiB;
  if (free !== undefined && totalMiB !== undefined && free < totalMiB * leastFreeFraction)
    findings.push(
      warning(
        `${who} has only ${free} of ${totalMiB} MiB free`,
        'end what else uses it (nvidia-smi), or choose another with training.gpu_id',
      ),
    );
  if (findings.length > 0) return findings;
  const memory = free === undefined ? '' : `, ${free} of ${totalMiB} MiB free`;
  return [ok(`${who}${degrees === undefined ? '' : `, ${degrees} °C`}${memory}`)];
}

/** Undefined when it does not answer in time. */
function askTool(path: string, timeoutMs: number): Promise<{ output: string; failed: boolean } | undefined> {
  const args = [`--query-gpu=${gpuFields.join(',')}`, '--format=csv,noheader,nounits'];
  return new Promise((settle) => {
    execFile(path, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error?.killed === true) settle(undefined);
      else settle({ output: error === null ? stdout : `${stdout}${stderr}`, failed: error !== null });
    });
  });
}
