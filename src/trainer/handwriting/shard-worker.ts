import { workerData } from 'node:worker_threads';
import { type Shard, writeShard } from './write-shard.js';

await writeShard(workerData as Shard);
