import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../protocol/index.js';
import type { LoadedBackend } from './backend.js';
import { nativeHome, tfjsVersion } from './native/native-home.js';

/** When each backend that is known to compute right was tested, by what decides how it computes. */
type Verdicts = Readonly<Record<string, number>>;

/** How long a verdict holds, though nothing has changed. */
const holdsForMs = 24 * 3600 * 1000;

/**
 * Whether the very same code has passed its self-test on this processor within a day. A graphics card is never taken at its word:
 * cards break, and their drivers change.
 */
export function isKnownGood(backend: LoadedBackend, path = verdictsPath()): boolean {
  const ageMs = Date.now() - (readVerdicts(path)[keyOf(backend)] ?? 0);
  return backend.isGpu !== true && ageMs >= 0 && ageMs < holdsForMs;
}

/** Notes that a backend has passed; where that cannot be written it is tested anew each time. */
export function noteKnownGood(backend: LoadedBackend, path = verdictsPath()): void {
  if (backend.isGpu === true) return;
  const now = Date.now();
  const kept = Object.entries(readVerdicts(path)).filter(([, testedAt]) => now - testedAt < holdsForMs);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, JSON.stringify({ ...Object.fromEntries(kept), [keyOf(backend)]: now }), { durable: false });
  } catch {
    // A home that is not there, or not ours to write.
  }
}

function verdictsPath(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'supervise/self-test.json');
}

function readVerdicts(path: string): Verdicts {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = Object.entries(found ?? {}).filter(([, testedAt]) => typeof testedAt === 'number');
    return Object.fromEntries(entries) as Verdicts;
  } catch {
    return {};
  }
}

/** Our own code and that of the libraries, the processor, and the variables by which TensorFlow chooses its operations. */
function keyOf({ name, device, version }: LoadedBackend): string {
  const own = describeFile(fileURLToPath(import.meta.url));
  const binding = name === 'tensorflow' ? describeFile(nativeHome().binding) : '';
  const settings = settingNames.map((key) => process.env[key]);
  const parts = [name, device, version, tfjsVersion(), process.version, cpus()[0]?.model, own, binding, settings];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

const settingNames = ['TF_ENABLE_ONEDNN_OPTS', 'ONEDNN_MAX_CPU_ISA', 'DNNL_MAX_CPU_ISA', 'TF_NUM_INTRAOP_THREADS'];

function describeFile(path: string): string {
  const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  return `${path} ${size} ${mtimeMs}`;
}
