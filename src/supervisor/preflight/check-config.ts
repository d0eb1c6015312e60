import { type Check, ok, warning } from './check.js';

/** The file means what its author thinks. That it can be read at all is sure by now. */
export const checkConfig: Check = {
  title: 'experiment',
  look: ({ loaded }) => {
    const { path, warnings, config } = loaded;
    if (warnings.length === 0) return [ok(`${path}: ${config.epochs} epochs`)];
    return warnings.map(({ message, line }) =>
      warning(`${path}${line === undefined ? '' : `:${line}`}: ${message}`, 'docs/config.md lists every key'),
    );
  },
};
