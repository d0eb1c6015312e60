// Files of lines of 1024 x 128 pixels. A few lines are made and written over and over: their bytes matter to nobody.
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export const [width, height] = [1024, 128];
const differentLines = 8;
const smallGigabytes = 0.25;

/** Writes the files; returns their paths: small, large and compressed. */
export async function makeFiles(folder, gigabytes, gzipGigabytes) {
  const { createLineMaker, agingEffects } = await import('../../dist/trainer/handwriting/index.js');
  const { encodeLine, writeTfRecord } = await import('../../dist/trainer/data/index.js');
  const spec = {
    seed: 1,
    width,
    height,
    fonts: [],
    text: undefined,
    digits: [8, 16],
    effects: agingEffects,
    severity: 1,
  };
  const { make } = await createLineMaker(spec);
  const records = Array.from({ length: differentLines }, (_, index) => encodeLine(make('train', index), width, height));
  const write = async (name, size) => {
    process.stderr.write(`\rwriting ${size} GB `);
    const path = join(folder, name);
    const count = Math.ceil((size * 1e9) / records[0].length);
    const repeated = (function* () {
      for (let index = 0; index < count; index++) yield records[index % differentLines];
    })();
    await writeTfRecord(path, repeated);
    return path;
  };
  const small = await write('small.tfrecord', smallGigabytes);
  const large = await write('large.tfrecord', gigabytes);
  const plain = await write('plain.tfrecord', gzipGigabytes);
  const compressed = join(folder, 'compressed.tfrecord.gz');
  await pipeline(createReadStream(plain), createGzip({ level: 1 }), createWriteStream(compressed));
  rmSync(plain);
  return { small, large, compressed };
}
