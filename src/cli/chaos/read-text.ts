import { readFileSync } from 'node:fs';

/** What a file says; undefined where it cannot be read, or says nothing that is understood. */
export function readText<Value>(path: string, parse: (text: string) => Value | undefined): Value | undefined {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
