import type { BackendName } from '../backends/backend.js';
import { captureStep, runEagerly, type StepRunner } from '../capture/index.js';
import { describeGanStep, type GanBatch, type GanParts } from '../models/index.js';

/** What a step is recorded as, on the backends that can replay one. */
const recordedForms: Readonly<Partial<Record<BackendName, string>>> = {
  tensorflow: 'a TensorFlow graph',
  webgpu: 'commands for the card',
};

/** Makes the training step: captured where the backend can replay one and the configuration has it so. */
export function openStep(parts: GanParts, backend: BackendName, log: (line: string) => void): StepRunner<GanBatch> {
  const program = describeGanStep(parts);
  const form = recordedForms[backend];
  if (form === undefined) return runEagerly(program);
  const { captured } = parts.config.training;
  log(
    captured
      ? `Training step: captured as ${form}; --eager runs it operation by operation.`
      : 'Training step: operation by operation, as --eager or training.captured asks for.',
  );
  return captured ? captureStep(program, log) : runEagerly(program);
}
