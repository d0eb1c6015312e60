import { type ProbedBackend, probeBackend } from '../probe-backend.js';
import type { NativeOptions } from './build-native.js';
import { installPackages } from './install-packages.js';
import { nativeHome, tfjsVersion, webgpuPackages } from './native-home.js';
import { shareCore } from './share-core.js';

/** The version of Dawn that is tested. */
const dawnVersion = '0.6.2';

/** Installs WebGPU through Dawn, and tells what it finds here. @throws NATIVE_BUILD when npm cannot install it */
export async function installWebgpu({ home = nativeHome(), log }: NativeOptions): Promise<ProbedBackend> {
  log('installing WebGPU (Dawn, 130 MB) …');
  await installPackages(home, [`${webgpuPackages[0]}@${dawnVersion}`, `${webgpuPackages[1]}@${tfjsVersion()}`]);
  shareCore(home);
  return probeBackend('webgpu', { env: { SUPERVISE_NATIVE_DIR: home.folder } });
}
