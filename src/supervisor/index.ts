export { rehearseLaunch } from './shell/rehearse-launch.js';
export { runSupervisor, type SupervisorOptions, type SupervisorResult } from './shell/run-supervisor.js';
