// Loads a bundle with the compiled code that the build left beside it. A Node of another version does not take that code: it
// compiles as it goes, and from version 22 keeps what it has compiled in the user's folder of temporary files.
const { readFileSync } = require('node:fs');
const module_ = require('node:module');
const { dirname, join } = require('node:path');
const { constants, Script } = require('node:vm');

/** Runs dist/bundle/<name>.cjs and returns its exports. */
exports.loadCompiled = (name) => {
  const filename = join(__dirname, '../dist/bundle', `${name}.cjs`);
  const cachedData = readCode(`${filename}.code`);
  if (cachedData === undefined) return require(filename);
  const script = new Script(module_.wrap(readFileSync(filename, 'latin1')), {
    filename,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (script.cachedDataRejected) {
    module_.enableCompileCache?.();
    return require(filename);
  }
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, module_.createRequire(filename), loaded, filename, dirname(filename));
  return loaded.exports;
};

function readCode(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
