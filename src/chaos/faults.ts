import { checkpointFaults } from './catalogue/checkpoint-faults.js';
import { epochInfoFaults } from './catalogue/epoch-info-faults.js';
import { inputFaults } from './catalogue/input-faults.js';
import { logFaults } from './catalogue/log-faults.js';
import { machineFaults } from './catalogue/machine-faults.js';
import { processFaults } from './catalogue/process-faults.js';
import { remoteFaults } from './catalogue/remote-faults.js';
import { resourcesFaults } from './catalogue/resources-faults.js';
import { supervisorFaults } from './catalogue/supervisor-faults.js';
import { trainingFaults } from './catalogue/training-faults.js';

export type { Fault, FaultNeed, FaultOutcome, FaultWay } from './catalogue/fault.js';

/** Every fault by name, in the order of docs/faults.md, which is generated from it. */
export const faults = {
  ...processFaults,
  ...resourcesFaults,
  ...epochInfoFaults,
  ...checkpointFaults,
  ...trainingFaults,
  ...machineFaults,
  ...supervisorFaults,
  ...logFaults,
  ...inputFaults,
  ...remoteFaults,
};

export type FaultName = keyof typeof faults;

/** The names of all faults, in the order of the catalogue. */
export const faultNames = Object.keys(faults) as FaultName[];

/** Tells a fault's name from other words. */
export function isFaultName(word: string): word is FaultName {
  return Object.hasOwn(faults, word);
}
