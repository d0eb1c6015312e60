import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chaosFolderVariable, layOrderFolder } from './orders.js';
import { pythonPreload } from './python-preload.js';

/**
 * Lays out the folder of orders, and gives the variables by which Node and Python load what takes them; `environment` is that in
 * which the program would be started otherwise.
 */
export function preparePreload(
  folder: string,
  nodePreload: string,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  layOrderFolder(folder);
  const python = join(folder, 'python');
  mkdirSync(python, { recursive: true });
  writeFileSync(join(python, 'sitecustomize.py'), pythonPreload);
  const { NODE_OPTIONS = '', PYTHONPATH } = environment;
  return {
    [chaosFolderVariable]: folder,
    NODE_OPTIONS: `${NODE_OPTIONS} --import=${pathToFileURL(nodePreload).href}`.trim(),
    PYTHONPATH: PYTHONPATH === undefined ? python : `${python}${delimiter}${PYTHONPATH}`,
  };
}
