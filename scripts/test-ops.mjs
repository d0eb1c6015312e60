// `npm run test:ops`: value and gradient of every operation, layer and network on every backend that works here; the table
// goes into docs/backends.md. --require tensorflow,webgpu fails when one of them does not work here; --samples N takes N
// derivatives of each parameter.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareBackends } from '../dist/trainer/backends/op-suite/compare-backends.js';
import { describeWrong, suiteAsMarkdown } from '../dist/trainer/backends/op-suite/describe-suite.js';

const { values } = parseArgs({
  options: { require: { type: 'string', default: '' }, samples: { type: 'string', default: '12' } },
});
const { suites, absent } = await compareBackends(Number(values.samples), (line) => console.log(line));
const page = new URL('../docs/backends.md', import.meta.url);
const [before, rest] = readFileSync(page, 'utf8').split('<!-- op-suite -->');
const [, after] = (rest ?? '').split('<!-- /op-suite -->');
const table = suiteAsMarkdown(suites);
console.log(table);
// A table of fewer backends would say less than the one that is there.
if (absent.length === 0) writeFileSync(page, `${before}<!-- op-suite -->\n${table}\n<!-- /op-suite -->${after}`);
for (const { name, reason } of absent) console.log(`not here: ${name}: ${reason}`);
const wrong = describeWrong(suites);
const missing = absent.filter(({ name }) => values.require.split(',').includes(name));
for (const line of wrong) console.error(`wrong: ${line}`);
for (const { name } of missing) console.error(`wrong: ${name} is required, and does not work here`);
process.exitCode = wrong.length + missing.length === 0 ? 0 : 1;
