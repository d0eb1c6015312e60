export { runSupervisor, type SupervisorOptions, type SupervisorResult } from './shell/run-supervisor.js';
