import type { Argv } from 'yargs';
import { ExitCode } from '../protocol/index.js';
import { buildNative, installPrebuilt } from '../trainer/backends/native/build-native.js';
import { installWebgpu } from '../trainer/backends/native/install-webgpu.js';
import type { NativeRecord } from '../trainer/backends/native/native-record.js';
import { undoNative } from '../trainer/backends/native/undo-native.js';
import { reportError } from './report-error.js';
import { failWith } from './usage-error.js';

const program = 'npm run native --';

/** What each way to a faster backend brings. */
export const nativeChoices = [
  'npm run native                 builds the binding against the TensorFlow of your Python (SUPERVISE_PYTHON, or the first on',
  '                               the path): current GPUs with "tensorflow[and-cuda]", else the processor. Takes g++ and a minute.',
  'npm run native -- --prebuilt   downloads the official binding with TensorFlow 2.9.1 (about 400 MB): needs no Python and no',
  '                               compiler, but its GPU support is for CUDA 11.2 and cuDNN 8.1 only.',
  'npm run native -- --webgpu     installs WebGPU (Dawn, 130 MB): NVIDIA, AMD, Intel and Apple cards without CUDA; slower than it.',
  'npm run native -- --undo       removes whatever of it is there.',
];

/** Runs `npm run native` with its flags; returns the exit code. */
export async function native(argv: readonly string[]): Promise<number> {
  try {
    const { default: yargs } = await import('yargs');
    const parsed = (await describeCommand(yargs([...argv])).parseAsync()) as Readonly<Record<string, unknown>>;
    if (argv.includes('--help')) return ExitCode.ok;
    if (parsed['undo'] === true) return undo();
    if (parsed['webgpu'] === true) return await addWebgpu();
    if (parsed['prebuilt'] !== true) for (const line of nativeChoices) write(line);
    const record = await (parsed['prebuilt'] === true ? installPrebuilt({ log: write }) : buildNative({ log: write }));
    write(describeRecord(record));
    return ExitCode.ok;
  } catch (error) {
    return reportError(program, error);
  }
}

/** What was built, in a line. */
export function describeRecord({ device, checked, library }: NativeRecord): string {
  const place = library === undefined ? '' : `, from ${library}`;
  return `ready: tensorflow on ${device}${place}; ${checked} operations, layers and networks checked`;
}

function undo(): number {
  write(undoNative() ? 'removed: the optional backends are gone, wasm runs' : 'there is nothing to remove');
  return ExitCode.ok;
}

async function addWebgpu(): Promise<number> {
  const probed = await installWebgpu({ log: write });
  write(probed.works ? `ready: webgpu on ${probed.device}` : `installed, but it does not work here: ${probed.reason}`);
  return probed.works ? ExitCode.ok : ExitCode.gaveUp;
}

function describeCommand(yargs: Argv): Argv {
  return yargs
    .scriptName(program)
    .usage(`$0 [flag]\n\nPuts a faster backend in place; without one, wasm runs.\n\n${nativeChoices.join('\n')}`)
    .option('prebuilt', { type: 'boolean', describe: 'Download the official binding and its TensorFlow' })
    .option('webgpu', { type: 'boolean', describe: 'Install WebGPU through Dawn' })
    .option('undo', { type: 'boolean', describe: 'Remove what was built and installed' })
    .conflicts('undo', ['prebuilt', 'webgpu'])
    .strict()
    .version(false)
    .help()
    .exitProcess(false)
    .wrap(120)
    .fail(failWith({ flags: ['prebuilt', 'webgpu', 'undo', 'help'], hint: `${program} --help lists the flags` }));
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
