export { captureStep } from './capture-step.js';
export { locateTensors, runEagerly, type StepProgram, type StepRunner } from './step-program.js';
