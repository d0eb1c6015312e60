// Writes configs/experiment.schema.json and docs/config.md from the compiled schema (`npm run docs:config` builds first).
import { writeFileSync } from 'node:fs';
import { describeAsJsonSchema, describeAsMarkdown } from '../dist/config/describe-config.js';

writeFileSync(new URL('../configs/experiment.schema.json', import.meta.url), describeAsJsonSchema());
writeFileSync(new URL('../docs/config.md', import.meta.url), describeAsMarkdown());
