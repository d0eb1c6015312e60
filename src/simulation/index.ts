export { expectedEttr, runMtbfSecs, type TriedInterval, tryIntervals } from './best-interval.js';
export type { Fault, FaultKind, Machines } from './failure-trace.js';
export { type MeasuredCosts, measureCosts } from './measured-costs.js';
export { type Prediction, predict } from './predict.js';
export {
  meanSecsBetweenFailures,
  measuredHangShare,
  measuredWeibullShape,
  type PublishedCluster,
  type PublishedClusterName,
  publishedClusters,
} from './published-clusters.js';
export type { Costs, Policy, Saving, Scenario, Workload } from './scenario.js';
export { simulate } from './simulate.js';
export type { SimulatedRun } from './simulated-run.js';
export { comparedPolicies, type NamedPolicy } from './what-if.js';
