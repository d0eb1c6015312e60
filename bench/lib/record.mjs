// Results that stay when the rest of a run is broken off: each part of them is stored as soon as it is measured.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns `record(report)`: it stores what `merge(stored, report)` makes of the results so far in bench/results/NAME.json, tells
 * `publish` the whole, which writes the pages, and returns it. With `isKept` false it only merges.
 */
export function createRecorder({ root, name, merge, publish, isKept = true }) {
  const path = join(root, 'bench/results', `${name}.json`);
  return (report) => {
    const whole = merge(readResults(root, name), report);
    if (!isKept) return whole;
    mkdirSync(join(root, 'bench/results'), { recursive: true });
    // By a rename: whoever breaks off a run while it writes loses nothing either.
    writeFileSync(`${path}.new`, `${JSON.stringify(whole, null, 2)}\n`);
    renameSync(`${path}.new`, path);
    publish(whole);
    return whole;
  };
}

/** What is stored of a bench; undefined when there is nothing. */
export function readResults(root, name) {
  try {
    return JSON.parse(readFileSync(join(root, 'bench/results', `${name}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Rows that were measured now in the place of those with the same key, new ones behind; the others stay. */
export function mergeRows(before = [], now = [], keyOf = ({ id }) => id) {
  return [...new Map([...before, ...now].map((row) => [keyOf(row), row])).values()];
}
