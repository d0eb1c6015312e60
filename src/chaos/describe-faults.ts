import { type Fault, type FaultNeed, type FaultOutcome, type FaultWay, faultNames, faults } from './faults.js';

const outcomes: Readonly<Record<FaultOutcome, string>> = {
  recovers: 'recovers',
  waits: 'waits, then goes on',
  tolerated: 'goes on undisturbed',
  adopted: 'adopted',
  'gives-up': 'given up, with the reason',
};

const ways: Readonly<Record<FaultWay, string>> = {
  outside: 'any',
  preload: 'Node, Python',
  'preload-node': 'Node',
  reference: 'the reference trainer',
};

const needs: Readonly<Record<FaultNeed, string>> = {
  root: 'root, to mount a tmpfs',
  heartbeat: 'a heartbeat',
  supervisor: 'supervise as the supervisor',
};

/** The page `docs/faults.md`. */
export function describeFaultsAsMarkdown(): string {
  return `# Faults

<!-- Generated from src/chaos/faults.ts by \`npm run docs:faults\`. -->

What \`supervise chaos\` can do to a run, and what has to come of it. Every fault is injected into real processes and files, and the injector proves that it happened: that the process is gone or stands still, that the bytes are others, that the order was obeyed. One that cannot be had says why, and does not count. [chaos.md](chaos.md) explains campaigns.

*Trainers*: \`any\` is done from outside, by signals, limits, mounts and files. \`Node, Python\` acts from within the process, by a module that the campaign preloads (\`NODE_OPTIONS=--import\`, and \`sitecustomize\` on \`PYTHONPATH\`); trainers have no hooks for it.

| fault | what is done | what has to come of it | trainers | needs |
| --- | --- | --- | --- | --- |
${faultNames.map(describeRow).join('\n')}

## Expected

${faultNames.map((name) => `- **${name}**: ${faults[name].expected}${describeClasses(faults[name])}`).join('\n')}

## Not in the catalogue

- **Remote store down, slow or throttling**: there is no remote store of checkpoints that could fail.
- **Other languages than Node and Python**, for faults that act from within: there is no way into a foreign process without a debugger.

## Where each is injected in the tests

${faultNames.map((name) => `- ${name}: ${faults[name].tests.map((path) => `\`test/${path}\``).join(', ')}`).join('\n')}
`;
}

function describeRow(name: (typeof faultNames)[number]): string {
  const fault: Fault = faults[name];
  const wanted = fault.needs.map((need) => needs[need]).join('; ');
  return `| \`${name}\` | ${fault.does} | ${outcomes[fault.outcome]} | ${ways[fault.way]} | ${wanted} |`;
}

function describeClasses({ seenAs }: Fault): string {
  if (seenAs === undefined) return '';
  return ` Classed as ${seenAs.map((name) => `\`${name}\``).join(' or ')}.`;
}
