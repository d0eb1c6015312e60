import type { OpVerdict, SuiteOfBackend } from './compare-backends.js';

/** A table of the suite in Markdown: a row for each case, and for each backend its largest error of value and gradient. */
export function suiteAsMarkdown(suites: readonly SuiteOfBackend[]): string {
  const names = suites.map(({ name }) => `\`${name}\``);
  const [first] = suites;
  const rows = (first?.results ?? []).map(({ name, derivatives }) => {
    const cells = suites.map(({ results }) => cell(results.find((result) => result.name === name)));
    return `| ${name} | ${derivatives} | ${cells.join(' | ')} |`;
  });
  return [
    ...suites.map(({ name, device }) => `- \`${name}\`: ${device}`),
    '',
    `| case | derivatives | ${names.join(' | ')} |`,
    `| --- | --- | ${names.map(() => '---').join(' | ')} |`,
    ...rows,
  ].join('\n');
}

/** What is wrong, a line each. */
export function describeWrong(suites: readonly SuiteOfBackend[]): string[] {
  return suites.flatMap(({ name, results }) =>
    results
      .filter(({ isRight }) => !isRight)
      .map((result) => `${name}: ${result.name}: ${result.failure ?? describeErrors(result)}`),
  );
}

function cell(result: OpVerdict | undefined): string {
  if (result === undefined) return '';
  if (result.failure !== undefined) return `✗ ${result.failure}`;
  return `${result.isRight ? '✓' : '✗'} ${describeErrors(result)}`;
}

function describeErrors({ valueError, gradientError }: OpVerdict): string {
  return `${power(valueError)} / ${power(gradientError)}`;
}

/** One digit is enough, and changes little from run to run. */
function power(error: number): string {
  return error === 0 ? '0' : error.toExponential(0);
}
