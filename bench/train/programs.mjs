// Where the time of a step on WebGPU goes: node bench/train/programs.mjs <case> [repeats]
// Each program of the recorded step by itself, many times in a row; the sum is what the card computes in a step.
import process from 'node:process';
import { encodeCommands } from '../../dist/trainer/capture/commands/command-list.js';
import { createCommandReplayer } from '../../dist/trainer/capture/commands/command-replayer.js';
import { webgpuInternals } from '../../dist/trainer/capture/commands/webgpu-internals.js';
import { describeGanStep } from '../../dist/trainer/models/index.js';
import { buildCase } from './build-case.mjs';

const [name, repeats = '20'] = process.argv.slice(2);
const { parts, batchAt, device } = await buildCase(name, 'webgpu', 1, 'captured');
const gpu = webgpuInternals();
const replayer = createCommandReplayer();
const { batch } = batchAt(0);
const recording = replayer.record(() => describeGanStep(parts).compute(batch));
for (let i = 0; i < 3; i++) await replayer.replay(recording);
const startedAtMs = performance.now();
for (let i = 0; i < 10; i++) await replayer.replay(recording);
const wholeMs = (performance.now() - startedAtMs) / 10;
const encodingMs = timeEncoding(recording.commands);
const empty = await timeCommands([], 0);
const byName = new Map();
for (const command of recording.commands) {
  const label = 'from' in command ? 'copy' : command.pipeline.label;
  const before = byName.get(label) ?? { label, count: 0, ms: 0, worstMs: 0, worst: '' };
  const ms = ((await timeCommands([command], Number(repeats))) - empty) / Number(repeats);
  const worst = ms > before.worstMs ? { worstMs: ms, worst: String(command.workgroups) } : {};
  byName.set(label, { ...before, ...worst, count: before.count + 1, ms: before.ms + ms });
}
const rows = [...byName.values()].sort((a, b) => b.ms - a.ms);
console.log(`${name} on ${device}: ${recording.commands.length} commands`);
console.log(
  `a step ${wholeMs.toFixed(2)} ms, to encode it ${encodingMs.toFixed(2)} ms, its programs by themselves ${sum(rows)} ms`,
);
for (const { label, count, ms, worstMs, worst } of rows.slice(0, 30))
  console.log(
    `${ms.toFixed(3).padStart(9)} ms ${String(count).padStart(4)} × ${String(label).slice(0, 60)} (most ${worstMs.toFixed(3)} at ${worst})`,
  );
process.exit(0);

function timeEncoding(commands) {
  const from = performance.now();
  for (let i = 0; i < 10; i++) {
    const encoder = gpu.device.createCommandEncoder();
    encodeCommands(encoder, commands);
    encoder.finish();
  }
  return (performance.now() - from) / 10;
}

async function timeCommands(commands, times) {
  const all = Array.from({ length: Math.max(1, times) }, () => commands).flat();
  const take = async () => {
    const from = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    encodeCommands(encoder, all);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.device.queue.onSubmittedWorkDone();
    return performance.now() - from;
  };
  return Math.min(await take(), await take(), await take());
}

function sum(rows) {
  return rows.reduce((total, { ms }) => total + ms, 0).toFixed(2);
}
