import { distance } from 'fastest-levenshtein';
import { schemaLeaves } from './schema-leaves.js';
import { neutralSections, notes, synonyms, withoutEffect } from './synonyms.js';

/** What a key of the file means. */
export type KeyMeaning =
  | { readonly kind: 'key'; readonly path: string; readonly rank: number; readonly isSynonym: boolean }
  | { readonly kind: 'note' }
  | { readonly kind: 'withoutEffect'; readonly harmless: readonly unknown[] | undefined }
  | { readonly kind: 'unknown'; readonly suggestion: string | undefined };

interface Spelling {
  readonly path: string;
  /** Order among the spellings of one path: the canonical path is 0. */
  readonly rank: number;
}

/** Brings a key to lower_snake_case: `batchSize`, `batch-size` and `Batch_Size` are one key. */
export function normalizeKey(key: string): string {
  return key
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
}

/**
 * Finds what a key means by its path (as written). The longest spelling that the path ends with wins, provided that the
 * sections before it are neutral ones; keys that start with `_` and sections of notes are notes.
 */
export function matchKey(keys: readonly string[]): KeyMeaning {
  const path = keys.map(normalizeKey);
  if (path.some((key) => key.startsWith('_') || key === '$schema')) return { kind: 'note' };
  const canonical = schemaLeaves();
  const whole = path.join('.');
  if (canonical.has(whole)) return { kind: 'key', path: whole, rank: 0, isSynonym: false };
  const record = [...canonical.values()].find(
    (leaf) => leaf.schema.type === 'object' && whole.startsWith(`${leaf.path}.`),
  );
  if (record !== undefined)
    return {
      kind: 'key',
      path: `${record.path}.${keys.slice(record.path.split('.').length).join('.')}`,
      rank: 0,
      isSynonym: false,
    };
  return matchSynonym(path) ?? matchWithoutEffect(path) ?? (isNote(path) ? { kind: 'note' } : unknownKey(path));
}

function matchSynonym(path: readonly string[]): KeyMeaning | undefined {
  const spellings = spellingTable();
  for (let from = 0; from < path.length; from++) {
    if (!path.slice(0, from).every((section) => neutralSections.has(section))) return undefined;
    const spelling = spellings.get(path.slice(from).join('.'));
    if (spelling !== undefined) return { kind: 'key', ...spelling, isSynonym: true };
  }
  return undefined;
}

function matchWithoutEffect(path: readonly string[]): KeyMeaning | undefined {
  for (let from = 0; from < path.length; from++) {
    const suffix = path.slice(from).join('.');
    if (suffix in withoutEffect) return { kind: 'withoutEffect', harmless: withoutEffect[suffix] };
  }
  return undefined;
}

function isNote(path: readonly string[]): boolean {
  return path.some((key) => notes.has(key) || /_(note|notes|comment|comments)$/.test(key));
}

function unknownKey(path: readonly string[]): KeyMeaning {
  const leaf = path.at(-1) ?? '';
  const ambiguous = [...schemaLeaves().keys()].filter((canonical) => canonical.endsWith(`.${leaf}`));
  if (ambiguous.length > 0) return { kind: 'unknown', suggestion: ambiguous.join(' or ') };
  const candidates = [...new Set([...spellingTable().keys()].map((spelling) => spelling.split('.').at(-1) ?? ''))];
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(leaf, candidate) }))
    .sort((left, right) => left.edits - right.edits);
  const isClose = best !== undefined && best.edits <= Math.max(2, Math.floor(leaf.length / 4));
  return { kind: 'unknown', suggestion: isClose ? best.candidate : undefined };
}

let cachedSpellings: ReadonlyMap<string, Spelling> | undefined;

/** Every spelling with its meaning: the canonical path, its unambiguous last part, and the synonyms. */
function spellingTable(): ReadonlyMap<string, Spelling> {
  cachedSpellings ??= buildSpellings();
  return cachedSpellings;
}

function buildSpellings(): Map<string, Spelling> {
  const table = new Map<string, Spelling>();
  const lastParts = new Map<string, number>();
  for (const path of schemaLeaves().keys()) {
    const last = path.split('.').at(-1) ?? path;
    lastParts.set(last, (lastParts.get(last) ?? 0) + 1);
  }
  for (const path of schemaLeaves().keys()) {
    table.set(path, { path, rank: 0 });
    for (const [index, spelling] of (synonyms[path] ?? []).entries()) table.set(spelling, { path, rank: index + 2 });
  }
  for (const path of schemaLeaves().keys()) {
    const last = path.split('.').at(-1) ?? path;
    if (lastParts.get(last) === 1 && !table.has(last)) table.set(last, { path, rank: 1 });
  }
  return table;
}
