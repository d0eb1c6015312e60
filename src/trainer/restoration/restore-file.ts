import { readFileSync } from 'node:fs';
import { SuperviseError, systemErrorCode } from '../../protocol/index.js';
import { type DecodedPng, decodePng, resizeImage, writePng } from '../images/index.js';
import { restoreImage, type TileRestorer } from './restore-image.js';

export interface RestoreOptions {
  /** Fraction of a tile that neighbours share. */
  readonly overlap: number;
  /** Enlarges the image for the model; `fit` brings it to the model's height. The output has the image's own size. */
  readonly scale: number | 'fit';
}

/**
 * Restores a PNG file into another one.
 * @throws DATA_MISSING, DATA_CORRUPT for the image; RUN_DIRECTORY when the output cannot be written
 */
export async function restoreFile(
  from: string,
  to: string,
  restorer: TileRestorer,
  { overlap, scale }: RestoreOptions,
): Promise<{ readonly width: number; readonly height: number; readonly tiles: number }> {
  const image = readPng(from);
  const { width, height, bitDepth } = image;
  const factor = scale === 'fit' ? restorer.height / height : scale;
  const scaled = resizeImage(image, scaledSize(width, factor), scaledSize(height, factor));
  let tiles = 0;
  const restored = await restoreImage(
    scaled,
    {
      ...restorer,
      restoreBatch: (pixels, count) => {
        tiles += count;
        return restorer.restoreBatch(pixels, count);
      },
    },
    overlap,
  );
  try {
    writePng(to, resizeImage(restored, width, height), bitDepth);
  } catch (error) {
    const what = `the image cannot be written (${(error as Error).message})`;
    throw new SuperviseError('RUN_DIRECTORY', { what, where: to }, { cause: error });
  }
  return { width, height, tiles };
}

function scaledSize(size: number, factor: number): number {
  return Math.max(1, Math.round(size * factor));
}

function readPng(path: string): DecodedPng {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    const what = isMissing ? 'there is no such image (ENOENT)' : `cannot be read (${(error as Error).message})`;
    throw new SuperviseError('DATA_MISSING', { what, where: path }, { cause: error });
  }
  try {
    return decodePng(bytes);
  } catch (error) {
    const what = `is no PNG image, or a damaged one (${(error as Error).message || error})`;
    throw new SuperviseError('DATA_CORRUPT', { what, where: path, expected: 'a PNG file' }, { cause: error });
  }
}
