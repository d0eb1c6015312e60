const refuse = (what) =>
  `module.exports = class { constructor() { throw new Error('${what} is not part of the bundled supervisor') } }`;
const notForPino = {
  worker_threads: 'module.exports = { isMainThread: true };',
  'thread-stream': refuse('thread-stream'),
  'sonic-boom': refuse('sonic-boom'),
  'on-exit-leak-free': 'module.exports = { register() {}, unregister() {}, registerBeforeExit() {} };',
};

/**
 * Pino loads what it needs for transports in threads and for files of its own. The supervisor writes its log itself, and the
 * modules of Node that come with them are a megabyte of its memory.
 */
export const pinoWithoutThreads = {
  name: 'pino-without-threads',
  resolveId: (name, importer) =>
    name in notForPino && /[\\/]node_modules[\\/]pino[\\/]/.test(importer ?? '') ? `\0pino-${name}` : null,
  load: (id) => (id.startsWith('\0pino-') ? notForPino[id.slice('\0pino-'.length)] : null),
};
