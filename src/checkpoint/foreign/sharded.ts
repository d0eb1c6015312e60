import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readFileBounded } from '../../protocol/index.js';

/** What makes a folder incomplete as a whole, beyond what is wrong with a single file of it. @throws RangeError */
export function assertComplete(folder: string, names: readonly string[]): void {
  for (const name of names) if (name.endsWith('.index.json')) assertShards(join(folder, name));
  assertTag(folder, names);
  assertRanks(folder, names);
  // torch.distributed.checkpoint writes this file last: it is the commit.
  if (names.some((name) => name.endsWith('.distcp')) && !names.includes('.metadata'))
    throw new RangeError(`${basename(folder)} has no .metadata: it was never committed`);
}

/** Verifies an index of shards, such as `model.safetensors.index.json`: all files that it names are there. Returns their paths. */
export function assertShards(path: string): string[] {
  const map = readWeightMap(path);
  if (map === undefined) return [];
  const shards = [...new Set(Object.values(map))].map((shard) => join(dirname(path), String(shard)));
  const missing = shards.filter((shard) => !existsSync(shard)).map((shard) => basename(shard));
  if (missing.length > 0)
    throw new RangeError(
      `${basename(path)} names ${shards.length} shards, and ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
    );
  return shards;
}

function readWeightMap(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { weight_map: map } = JSON.parse(readFileBounded(path).toString('utf8'));
    return typeof map === 'object' && map !== null ? map : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw new RangeError(`${basename(path)} is no JSON (${error.message})`, { cause: error });
  }
}

/** DeepSpeed: `latest` names the folder of the newest step. */
function assertTag(folder: string, names: readonly string[]): void {
  const path = join(folder, 'latest');
  if (!names.includes('latest') || !statSync(path).isFile() || statSync(path).size > 1024) return;
  const tag = readFileSync(path, 'utf8').trim();
  if (!/^[\w.-]+$/.test(tag)) throw new RangeError('latest names no folder');
  if (!existsSync(join(folder, tag))) throw new RangeError(`latest names ${tag}, which is not there`);
}

const rankFile = /^(?:bf16_)?zero_pp_rank_(\d+)_mp_rank_(\d+)_optim_states\.pt$/;

/** DeepSpeed: one file of optimizer states for every rank, from 0 without a gap, beside the model's. */
function assertRanks(folder: string, names: readonly string[]): void {
  const ranks = names.flatMap((name) => {
    const match = rankFile.exec(name);
    return match ? [{ data: Number(match[1]), model: Number(match[2]) }] : [];
  });
  for (const model of new Set(ranks.map((rank) => rank.model))) {
    const present = new Set(ranks.filter((rank) => rank.model === model).map(({ data }) => data));
    const most = Math.max(...present);
    for (let rank = 0; rank <= most; rank++)
      if (!present.has(rank))
        throw new RangeError(`the optimizer states of rank ${rank} are missing in ${basename(folder)}`);
  }
  if (ranks.length > 0 && !names.some((name) => name.endsWith('_model_states.pt')))
    throw new RangeError(`the model states are missing in ${basename(folder)}`);
}
