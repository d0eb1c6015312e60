import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { probeBackend } from '../probe-backend.js';
import { compileBinding, compilerName, nodeHeaderFolders } from './compile-binding.js';
import { findTensorflow, type PythonTensorflow } from './find-tensorflow.js';
import { installPackages } from './install-packages.js';
import { nativeError } from './native-error.js';
import { bindingPackage, type NativeHome, nativeHome, tfjsVersion } from './native-home.js';
import { type NativeRecord, writeNativeRecord } from './native-record.js';
import { runProgram } from './run-program.js';
import { shareCore } from './share-core.js';

/** How a native backend is put in place. */
export interface NativeOptions {
  readonly home?: NativeHome;
  /** Takes one line of text for the user. */
  readonly log: (line: string) => void;
}

/** Derivatives of each parameter that the check looks at. */
const samples = 3;
const downloadTimeoutMs = 1_800_000;

/**
 * Builds the binding between Node and the TensorFlow of the user's Python, checks it, and notes what it is.
 * @throws NATIVE_BUILD naming the first thing that is missing or does not fit; what worked before is then left as it was
 */
export async function buildNative({ home = nativeHome(), log }: NativeOptions): Promise<NativeRecord> {
  const tensorflow = await findTensorflow();
  log(`TensorFlow ${tensorflow.version} of ${tensorflow.python} (Python ${tensorflow.pythonVersion})`);
  await ensurePackage(home, log);
  const compiler = compilerName();
  log(`compiling the binding with ${compiler} …`);
  return putInPlace(home, log, () => compile(home, tensorflow, compiler), {
    kind: 'own',
    library: tensorflow.folder,
    python: tensorflow.python,
    compiler,
  });
}

/**
 * Downloads the official binding and the TensorFlow 2.9.1 for CUDA 11.2 that it goes with, by the package's own script.
 * @throws NATIVE_BUILD when it cannot be had, or does not compute right here
 */
export async function installPrebuilt({ home = nativeHome(), log }: NativeOptions): Promise<NativeRecord> {
  await ensurePackage(home, log);
  log('downloading the official binding and its TensorFlow (several hundred megabytes) …');
  const download = async () => {
    const bin = join(home.folder, 'node_modules/.bin');
    const { code, stderr } = await runProgram(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
      cwd: home.package,
      timeoutMs: downloadTimeoutMs,
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    });
    if (code !== 0 || !existsSync(home.binding))
      throw nativeError(
        `the official binding cannot be had: ${lastLine(stderr)}`,
        'check the network (it comes from storage.googleapis.com), or build against your own TensorFlow: npm run native',
      );
  };
  return putInPlace(home, log, download, { kind: 'prebuilt' });
}

/** Keeps the binding that was there until the new one has passed its check. */
async function putInPlace(
  home: NativeHome,
  log: NativeOptions['log'],
  make: () => Promise<void>,
  origin: Pick<NativeRecord, 'kind' | 'library' | 'python' | 'compiler'>,
): Promise<NativeRecord> {
  const before = `${home.binding}.before`;
  if (existsSync(home.binding)) renameSync(home.binding, before);
  try {
    await make();
    log('checking every operation, value and gradient …');
    const record = { ...origin, ...(await check(home)) };
    writeNativeRecord(home, record);
    rmSync(before, { force: true });
    return record;
  } catch (error) {
    rmSync(home.binding, { force: true });
    if (existsSync(before)) renameSync(before, home.binding);
    throw error;
  }
}

async function ensurePackage(home: NativeHome, log: NativeOptions['log']): Promise<void> {
  const version = tfjsVersion();
  if (!existsSync(join(home.package, 'binding'))) {
    log(`installing ${bindingPackage} ${version} into ${home.folder}, without its install script …`);
    await installPackages(home, [`${bindingPackage}@${version}`]);
  }
  shareCore(home);
}

async function compile(home: NativeHome, tensorflow: PythonTensorflow, compiler: string): Promise<void> {
  const sources = join(home.package, 'binding');
  const nodeHeaders = await findNodeHeaders(home);
  await compileBinding({ sources, nodeHeaders, tensorflow, output: home.binding, compiler });
}

/** Those of this machine, else from npm: a Node that was fetched as one file has none beside it. */
async function findNodeHeaders(home: NativeHome): Promise<string> {
  const [found] = nodeHeaderFolders();
  if (found !== undefined) return found;
  const folder = join(home.folder, 'node_modules/node-api-headers/include');
  if (existsSync(folder)) return folder;
  try {
    await installPackages(home, ['node-api-headers']);
  } catch (error) {
    throw nativeError(
      `there are no headers of Node (node_api.h), and npm does not bring them: ${(error as Error).message.split('\n')[0]}`,
      'install them (Debian: libnode-dev), or check the network',
      error,
    );
  }
  shareCore(home);
  return folder;
}

async function check(home: NativeHome): Promise<Omit<NativeRecord, 'kind'>> {
  const probed = await probeBackend('tensorflow', { samples, env: { SUPERVISE_NATIVE_DIR: home.folder } });
  if (!probed.works) throw nativeError(`the binding does not work: ${probed.reason}`, adviceOn(probed.reason));
  const wrong = probed.ops.filter(({ gradientError, failure }) => failure !== undefined || !(gradientError < 0.01));
  if (wrong.length > 0)
    throw nativeError(
      `the binding computes wrong gradients: ${wrong.map(({ name, failure }) => failure ?? name).join(', ')}`,
      'use another version of TensorFlow',
    );
  return {
    tensorflow: probed.version ?? 'unknown',
    device: probed.device,
    tfjs: tfjsVersion(),
    node: process.version,
    built_at: new Date().toISOString(),
    checked: probed.ops.length,
  };
}

function adviceOn(reason: string): string {
  if (/libstdc\+\+/.test(reason)) return "use a newer libstdc++, such as conda's by LD_LIBRARY_PATH";
  if (/undefined symbol/.test(reason))
    return 'use another version of TensorFlow: this one lacks what the binding calls';
  return 'the message above says what is missing; SUPERVISE_DEBUG=1 shows more';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
