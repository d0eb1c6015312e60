import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The package whose binding connects Node with TensorFlow. */
export const bindingPackage = '@tensorflow/tfjs-node-gpu';

/** Packages of the webgpu backend: none of them is a dependency, since Dawn alone takes 130 MB. */
export const webgpuPackages = ['webgpu', '@tensorflow/tfjs-backend-webgpu'] as const;

/** Where optional backends are installed, apart from `node_modules`: no `npm install` of something else removes them there. */
export interface NativeHome {
  readonly folder: string;
  /** Folder of {@link bindingPackage}. */
  readonly package: string;
  /** The compiled binding; `napi-v8` is the version of Node's interface that it is written for. */
  readonly binding: string;
  /** What was built, from what. */
  readonly record: string;
}

/** The places below `native/` in our own package's folder, or below the folder given. */
export function nativeHome(folder = defaultFolder()): NativeHome {
  const packageFolder = join(folder, 'node_modules', bindingPackage);
  return {
    folder,
    package: packageFolder,
    binding: join(packageFolder, 'lib/napi-v8/tfjs_binding.node'),
    record: join(folder, 'record.json'),
  };
}

/** Version of tfjs: all of its packages have to be of the same. */
export function tfjsVersion(): string {
  const path = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Folder of our own package, wherever this code was bundled to. */
export function packageRoot(): string {
  return dirname(createRequire(import.meta.url).resolve('supervise/package.json'));
}

/** Next to our own package.json; a variable for those who cannot write there. */
function defaultFolder(): string {
  return process.env['SUPERVISE_NATIVE_DIR'] ?? join(packageRoot(), 'native');
}
