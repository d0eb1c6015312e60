// Writes docs/faults.md from the compiled catalogue (`npm run docs:faults` builds first).
import { writeFileSync } from 'node:fs';
import { describeFaultsAsMarkdown } from '../dist/chaos/describe-faults.js';

writeFileSync(new URL('../docs/faults.md', import.meta.url), describeFaultsAsMarkdown());
