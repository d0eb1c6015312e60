export { captureStep } from './capture-step.js';
export { runEagerly, type StepProgram, type StepRunner } from './step-program.js';
