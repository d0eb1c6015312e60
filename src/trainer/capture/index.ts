export { runEagerly, type StepProgram, type StepRunner } from './step-program.js';
