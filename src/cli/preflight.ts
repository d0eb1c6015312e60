import { existsSync } from 'node:fs';
import { runPaths } from '../protocol/index.js';
import type { PreflightOptions, TitledFinding } from '../supervisor/preflight/run-preflight.js';

const marks = { ok: '✓', warning: '!', failure: '✗' } as const;

/** A line for each finding, and what to do about it. Pure. */
export function describeFindings(findings: readonly TitledFinding[]): string[] {
  const width = Math.max(...findings.map(({ title }) => title.length));
  return findings.flatMap(({ level, title, what, fix }) => [
    `${marks[level]} ${title.padEnd(width)}  ${what}`,
    ...(fix === undefined || level === 'ok' ? [] : [`  ${''.padEnd(width)}  → ${fix}`]),
  ]);
}

/**
 * The quick checks before the first launch of a run: silent when all is well. Returns the exit code when the run cannot go
 * well, else undefined. A run that was launched before is not asked again: it has been seen to work.
 */
export async function refuseHopelessLaunch(options: Omit<PreflightOptions, 'isQuick'>): Promise<number | undefined> {
  if (existsSync(runPaths(options.run.runDir).journal)) return undefined;
  const { exitCodeOfFindings, runPreflight } = await import('../supervisor/preflight/run-preflight.js');
  const findings = (await runPreflight({ ...options, isQuick: true })).filter(({ level }) => level !== 'ok');
  if (findings.length === 0) return undefined;
  for (const line of describeFindings(findings)) process.stderr.write(`${line}\n`);
  const code = exitCodeOfFindings(findings);
  if (code === 0) return undefined;
  process.stderr.write(`Nothing was started. supervise check ${options.loaded.path} looks at more.\n`);
  return code;
}
