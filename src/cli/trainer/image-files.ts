import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { findFiles } from '../../config/index.js';
import { SuperviseError } from '../../protocol/index.js';

/** An image, and where its restored version goes. */
export interface ImagePair {
  readonly from: string;
  readonly to: string;
}

/**
 * The images that words of the command line name (files, folders, patterns), each with its output: `output` itself for a single
 * file when that is called .png, else a file of the same name in the folder `output`.
 * @throws DATA_MISSING; USAGE when two outputs would be one file, or one is there already
 */
export async function pairImages(named: readonly string[], output: string, force: boolean): Promise<ImagePair[]> {
  const images: string[] = [];
  for (const word of named) images.push(...(await imagesOf(word)));
  const isFile = output.toLowerCase().endsWith('.png') && !isFolder(output);
  if (isFile && images.length > 1)
    throw new SuperviseError('USAGE', {
      what: `${images.length} images do not fit into the one file ${output}`,
      expected: 'a folder as the last word',
    });
  const pairs = images.map((from) => ({ from, to: resolve(isFile ? output : join(output, basename(from))) }));
  const seen = new Map<string, string>();
  for (const { from, to } of pairs) {
    const other = seen.get(to);
    if (other !== undefined) throw refuse(`${other} and ${from} would both be written to it`, to);
    seen.set(to, from);
    if (to === from) throw refuse('is the image itself', to);
    if (existsSync(to) && !force) throw refuse('there is such a file already', to, '--force replaces it');
  }
  return pairs;
}

async function imagesOf(word: string): Promise<string[]> {
  if (!isFolder(word)) {
    const files = await findFiles(word, 'the name of the image');
    for (const file of files) if (!existsSync(file)) throw missing('there is no such image (ENOENT)', file);
    return files;
  }
  const names = readdirSync(word).filter((name) => name.toLowerCase().endsWith('.png'));
  if (names.length === 0) throw missing('there is no .png file in this folder', resolve(word));
  return names.sort().map((name) => resolve(word, name));
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function missing(what: string, where: string): SuperviseError {
  return new SuperviseError('DATA_MISSING', { what, where });
}

function refuse(what: string, where: string, hint?: string): SuperviseError {
  return new SuperviseError('USAGE', { what, where, ...(hint !== undefined && { hint }) });
}
