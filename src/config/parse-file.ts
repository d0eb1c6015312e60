import { readFileSync } from 'node:fs';
import { getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { SuperviseError, systemErrorCode } from '../protocol/index.js';
import { describeSyntaxError } from './describe-syntax-error.js';

/** A value of the file that is not an object, or an object without keys. */
export interface FileLeaf {
  /** Keys from the root, as written. */
  readonly keys: readonly string[];
  readonly value: unknown;
  /** Line of the key, from 1. */
  readonly line: number;
}

/**
 * Reads an experiment file: JSON with comments and trailing commas.
 * @throws CONFIG_NOT_FOUND, CONFIG_SYNTAX with file and line
 */
export function parseExperimentFile(path: string): FileLeaf[] {
  return parseExperimentText(readText(path), path);
}

/** The same for a text; `path` is for the messages. */
export function parseExperimentText(text: string, path: string): FileLeaf[] {
  try {
    return parseText(text, path);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = { what: 'the file is nested too deeply to be read', where: path, expected: 'a few levels' };
    throw new SuperviseError('CONFIG_SYNTAX', problem, { cause: error });
  }
}

function parseText(text: string, path: string): FileLeaf[] {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) throw syntaxError(path, text, first);
  if (root?.type !== 'object') {
    throw new SuperviseError('CONFIG_SYNTAX', {
      what: `the file holds ${describeType(root?.type)}`,
      where: path,
      expected: 'one JSON object',
      hint: 'see docs/config.md',
    });
  }
  const lineOf = lineFinder(text);
  return collect(root, [], lineOf);
}

function describeType(type: Node['type'] | undefined): string {
  if (type === undefined) return 'nothing';
  return type === 'null' ? type : `${type === 'array' ? 'an' : 'a'} ${type}`;
}

function collect(object: Node, keys: readonly string[], lineOf: (offset: number) => number): FileLeaf[] {
  return (object.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    const path = [...keys, String(key.value)];
    const isSection = value.type === 'object' && (value.children?.length ?? 0) > 0;
    return isSection
      ? collect(value, path, lineOf)
      : [{ keys: path, value: getNodeValue(value) as unknown, line: lineOf(key.offset) }];
  });
}

function syntaxError(path: string, text: string, error: ParseError): SuperviseError {
  const { line, column, ...problem } = describeSyntaxError(text, error);
  return new SuperviseError('CONFIG_SYNTAX', { ...problem, where: `${path}:${line}:${column}` });
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = systemErrorCode(error);
    const what =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'this is a directory'
          : (error as Error).message;
    throw new SuperviseError(
      'CONFIG_NOT_FOUND',
      {
        what,
        where: path,
        expected: 'an experiment file in JSON',
        hint: 'see docs/config.md, or start from configs/quickstart.json',
      },
      { cause: error },
    );
  }
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16)
    throw new SuperviseError('CONFIG_SYNTAX', {
      what: 'the file is in UTF-16',
      where: path,
      expected: 'JSON in UTF-8',
    });
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
