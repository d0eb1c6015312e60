import { afterEach } from 'vitest';
import { captureStep, type StepProgram, type StepRunner } from '../../../src/trainer/capture/index.js';

const opened: StepRunner<never>[] = [];

/** Has what {@link capture} makes disposed of after each test of the file. */
export function disposeAfterEach(): void {
  afterEach(() => {
    for (const runner of opened.splice(0)) runner.dispose();
  });
}

/** A captured step, and the lines that it logs. */
export function capture<Batch extends object>(program: StepProgram<Batch>) {
  const log: string[] = [];
  const runner = captureStep(program, (line) => log.push(line));
  opened.push(runner as unknown as StepRunner<never>);
  return { runner, log };
}
