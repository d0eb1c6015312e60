import type { BackendName } from '../backends/backend.js';
import { captureStep, runEagerly, type StepRunner } from '../capture/index.js';
import { describeGanStep, type GanBatch, type GanParts } from '../models/index.js';

/** Makes the training step: captured as a graph where the backend can replay one and the configuration has it so. */
export function openStep(parts: GanParts, backend: BackendName, log: (line: string) => void): StepRunner<GanBatch> {
  const program = describeGanStep(parts);
  if (backend !== 'tensorflow') return runEagerly(program);
  const { captured } = parts.config.training;
  log(
    captured
      ? 'Training step: captured as a TensorFlow graph; --eager runs it operation by operation.'
      : 'Training step: operation by operation, as --eager or training.captured asks for.',
  );
  return captured ? captureStep(program, log) : runEagerly(program);
}
