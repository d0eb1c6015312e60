/**
 * Lets a bundle in the older format load these modules of Node when they are used first, not at its start: each takes
 * milliseconds, and the usual way does without them.
 */
export function lazyBuiltins(source, names) {
  return names.reduce((text, name) => {
    const variable = `node_${name.replaceAll('/', '_')}`;
    const loading = `let ${variable}=require("node:${name}");`;
    if (!text.includes(loading))
      throw new Error(`the bundle does not load node:${name} as scripts/lazy-builtins.mjs expects`);
    return text.replace(loading, '').replaceAll(`${variable}.`, `require("node:${name}").`);
  }, source);
}
