import { selfTestCases } from '../self-test-cases.js';
import { layerCases } from './layer-cases.js';
import { networkCases } from './network-cases.js';
import { fromSelfTest, type OpCase } from './op-case.js';
import { plainOps } from './plain-ops.js';
import { updateCases } from './update-cases.js';

/** Everything that the suite differentiates: operations as the networks use them, losses, optimizers, layers, whole networks. */
export const opCases: readonly OpCase[] = [
  ...selfTestCases.map((testCase) => fromSelfTest(testCase, isLoss(testCase.name) ? 'loss' : 'operation')),
  ...plainOps,
  ...updateCases,
  ...layerCases,
  ...networkCases,
];

function isLoss(name: string): boolean {
  return /verdicts|error|CTC/.test(name);
}
