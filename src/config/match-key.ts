import { distance } from 'fastest-levenshtein';
import { notes, withoutEffect } from './ignored-keys.js';
import { schemaLeaves } from './schema-leaves.js';
import { generalSections, genericWords, neutralSections, sectionAliases, sectionOnly } from './sections.js';
import { synonyms } from './synonyms.js';

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

/** Brings a key to lower_snake_case: `batchSize`, `batch-size`, `Batch_Size` and `--batch-size` are one key. */
export function normalizeKey(key: string): string {
  return key
    .trim()
    .replace(/^--?(?=\w)/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
}

/**
 * Finds what a key means by its path (as written; `a.b` is the key `b` in the section `a`). The longest spelling that the
 * path ends with wins, provided that the sections before it are neutral ones; keys that start with `_` and sections of
 * notes are notes.
 */
export function matchKey(written: readonly string[]): KeyMeaning {
  const keys = written.flatMap((key) => key.split('.'));
  const path = keys.map(normalizeKey);
  if (path.some((key) => key.startsWith('_') || key === '$schema')) return { kind: 'note' };
  const whole = path.join('.');
  if (schemaLeaves().has(whole)) return { kind: 'key', path: whole, rank: 0, isSynonym: false };
  return (
    matchRecord(keys, path) ??
    matchSynonym(path) ??
    matchWithoutEffect(path) ??
    (isNote(path) ? { kind: 'note' } : unknownKey(path))
  );
}

/** Whether an empty object with this key says nothing: a section that was left empty. */
export function isSection(keys: readonly string[]): boolean {
  const path = keys.flatMap((key) => key.split('.')).map(normalizeKey);
  const prefix = `${path.join('.')}.`;
  return neutralSections.has(path.at(-1) ?? '') || [...schemaLeaves().keys()].some((leaf) => leaf.startsWith(prefix));
}

/** A member of an object whose keys are the user's own, such as an environment variable: its name is kept as written. */
function matchRecord(keys: readonly string[], path: readonly string[]): KeyMeaning | undefined {
  for (const { path: record, schema } of schemaLeaves().values()) {
    if (schema.type !== 'object') continue;
    for (const spelling of [record, ...(synonyms[record] ?? [])]) {
      const depth = spelling.split('.').length;
      if (path.length <= depth || path.slice(0, depth).join('.') !== spelling) continue;
      const name = keys.slice(depth).join('.');
      return { kind: 'key', path: `${record}.${name}`, rank: 0, isSynonym: spelling !== record };
    }
  }
  return undefined;
}

function matchSynonym(path: readonly string[]): KeyMeaning | undefined {
  for (let from = 0; from < path.length; from++) {
    const [before, rest] = [path.slice(0, from), path.slice(from)];
    if (!before.every((section) => neutralSections.has(section))) return undefined;
    const spelling = spellingTable().get(rest.join('.')) ?? spellingTable().get(unalias(rest).join('.'));
    if (spelling !== undefined && fits(before, rest, spelling.path))
      return { kind: 'key', ...spelling, isSynonym: true };
  }
  return undefined;
}

/** The path with each section by its usual name: `early_stop.patience` is `early_stopping.patience`. */
function unalias(path: readonly string[]): string[] {
  return path.map((key, index) => (index < path.length - 1 ? (sectionAliases.get(key) ?? key) : key));
}

/** A generic word such as `name` or `patience` counts in general sections and in its own ones only. */
function fits(before: readonly string[], [word, ...more]: readonly string[], path: string): boolean {
  if (more.length > 0 || word === undefined || !genericWords.has(word)) return true;
  const own = path.split('.').slice(0, -1);
  return before.every((key) => generalSections.has(key) || own.includes(sectionAliases.get(key) ?? key));
}

function matchWithoutEffect(path: readonly string[]): KeyMeaning | undefined {
  for (let from = 0; from < path.length; from++) {
    for (const rest of [path.slice(from), unalias(path.slice(from))]) {
      const suffix = rest.join('.');
      if (Object.hasOwn(withoutEffect, suffix)) return { kind: 'withoutEffect', harmless: withoutEffect[suffix] };
    }
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
  const mostEdits = Math.min(leaf.length - 1, Math.max(2, leaf.length / 4));
  const words = new Set([...spellingTable().keys()].flatMap((spelling) => spelling.split('.')));
  const [best] = [...words]
    // What differs more in length cannot be close, and to compare texts of 70,000 characters takes a second.
    .filter((word) => Math.abs(word.length - leaf.length) <= mostEdits)
    .map((word) => ({ word, edits: distance(leaf, word) }))
    .sort((left, right) => left.edits - right.edits);
  return { kind: 'unknown', suggestion: best !== undefined && best.edits <= mostEdits ? best.word : undefined };
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
    if (lastParts.get(last) === 1 && !table.has(last) && !sectionOnly.has(last)) table.set(last, { path, rank: 1 });
  }
  return table;
}
