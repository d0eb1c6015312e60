// Loads a bundle with the compiled code that the build left beside it. A Node of another version does not take that code: it
// compiles as it goes, and from version 22 keeps what it has compiled in the user's folder of temporary files.
const { existsSync, readFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { constants, Script } = require('node:vm');

/** Node's `module`, without the source maps that come with it by that name. */
const module_ = module.constructor;

/**
 * Sets the flags of V8 that `supervise` is launched with; its compiled code is taken only where they are. A process that lives for
 * days and allocates little: the space for young objects stays at its first size, and nothing that runs once, at the start, is
 * worth an optimizing compiler and its memory.
 */
exports.setLaunchFlags = () => {
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-opt');
};

/** Runs dist/bundle/<name>.cjs, once, and returns its exports. `onScript` gets what is compiled of it, and of its chunks. */
exports.loadCompiled = (name, onScript) => {
  const filename = join(__dirname, '../dist/bundle', `${name}.cjs`);
  const load = module_.createRequire(filename);
  if (load.cache[filename] !== undefined) return load.cache[filename].exports;
  const cachedData = onScript === undefined ? readCode(`${filename}.code`) : undefined;
  if (cachedData === undefined && onScript === undefined) return load(filename);
  const script = new Script(module_.wrap(readFileSync(filename, 'latin1')), {
    filename,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (script.cachedDataRejected) {
    module_.enableCompileCache?.();
    return load(filename);
  }
  onScript?.(filename, script);
  const loaded = { exports: {} };
  // Its chunks ask for it, and it for them.
  load.cache[filename] = loaded;
  const loadOther = (path) => {
    const isChunk =
      path.startsWith('./') && (onScript !== undefined || existsSync(join(dirname(filename), `${path}.code`)));
    return isChunk ? exports.loadCompiled(basename(path, '.cjs'), onScript) : load(path);
  };
  script.runInThisContext()(loaded.exports, Object.assign(loadOther, load), loaded, filename, dirname(filename));
  return loaded.exports;
};

function readCode(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
