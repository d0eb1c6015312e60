import { createScanner, type ParseError, printParseErrorCode } from 'jsonc-parser';

/** What is wrong with a text that is no JSON, in words, and where. */
export interface SyntaxProblem {
  readonly what: string;
  readonly expected: string;
  readonly hint: string;
  /** Line and column, from 1. */
  readonly line: number;
  readonly column: number;
}

const expected = 'JSON; comments and trailing commas are allowed';

/** Says in one sentence what a parser of JSON tells by a code. Pure. */
export function describeSyntaxError(text: string, { error, offset }: ParseError): SyntaxProblem {
  const isAtEnd = text.slice(offset).trim() === '';
  const found = isAtEnd ? 'the end of the file' : tokenAt(text, offset);
  const [what, hint] = explain(printParseErrorCode(error), { text, offset, found, isAtEnd });
  return { what, expected, hint, ...placeOf(text, isAtEnd ? text.trimEnd().length : offset) };
}

interface Spot {
  readonly text: string;
  readonly offset: number;
  readonly found: string;
  readonly isAtEnd: boolean;
}

function explain(code: string, spot: Spot): readonly [what: string, hint: string] {
  const { found, isAtEnd } = spot;
  const foreign = explainForeign(spot);
  if (foreign !== undefined) return foreign;
  switch (code) {
    case 'CommaExpected':
      if (/^[}\]]$/.test(found)) return explainUnclosed(spot);
      return [`a comma is missing before ${found}`, 'put a comma between the two'];
    case 'ColonExpected':
      return [`a colon is missing before ${found}`, 'write a key, a colon and its value: "epochs": 100'];
    case 'PropertyNameExpected':
      return [`there is ${found} where a key is to be`, 'write the key in double quotes: "epochs": 100'];
    case 'ValueExpected':
      return [
        `there is ${found} where a value is to be`,
        'write a number, "text", true, false, null, a [list] or an {object}',
      ];
    case 'CloseBraceExpected':
    case 'CloseBracketExpected':
      return explainUnclosed(spot);
    case 'EndOfFileExpected':
      return [`there is ${found} after the end of the object`, 'one { … } is the whole file: remove what follows it'];
    case 'UnexpectedEndOfComment':
      return ['a comment that begins with /* is not closed', 'close it with */'];
    case 'UnexpectedEndOfString':
      return ['a text is not closed on its line', 'close it with a double quote; \\n is a new line'];
    case 'InvalidEscapeCharacter':
    case 'InvalidUnicode':
      return ['a text has a backslash that means nothing', 'write \\\\ for a backslash, or / in paths'];
    case 'InvalidCharacter':
      return ['a text has a control character', 'write \\t for a tab and \\n for a new line'];
    case 'InvalidNumberFormat':
    case 'UnexpectedEndOfNumber':
      return [`${found} is no number`, 'write it as 100, 0.5 or 1e-4'];
    default:
      return [isAtEnd ? 'the file ends too soon' : `${found} does not belong here`, 'see docs/config.md'];
  }
}

/** A map, for the texts of others may say `__proto__`. */
const pythonConstants: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);

/** What comes from other languages, and what to write for it. */
function explainForeign({ text, offset, found, isAtEnd }: Spot): readonly [string, string] | undefined {
  if (!/[{}[\]:]/.test(text.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '')) && isAtEnd)
    return ['the file holds nothing', 'start from configs/quickstart.json'];
  if (text[offset] === "'") return ['a text is in single quotes', 'write it in double quotes'];
  const word = /^[\w.+-]+/.exec(text.slice(offset))?.[0] ?? '';
  const python = pythonConstants.get(word);
  if (python !== undefined) return [`${word} is Python's`, `write ${python}`];
  if (/^([+-]?(NaN|Infinity|inf)|undefined)$/i.test(word)) return [`${word} is no value of JSON`, 'leave the key out'];
  if (text[offset] === '#') return ['a comment begins with #', 'begin it with //'];
  if (text[offset] === '=') return ['there is = where a colon is to be', 'write a key, a colon and its value'];
  if (/^[a-z_]\w*\s*[:=]/i.test(text.slice(offset))) return [`the key ${word} has no quotes`, `write "${word}"`];
  if (/^[a-z_]/i.test(word) && !['true', 'false', 'null'].includes(word))
    return [`${found} has no quotes`, 'write text in double quotes'];
  return undefined;
}

/** The end of the file says little; the bracket that nothing closes says where to look. */
function explainUnclosed({ text, found, isAtEnd }: Spot): readonly [string, string] {
  const open = findUnclosed(text);
  if (open === undefined || !isAtEnd)
    return [`${found} does not belong here`, 'a comma, } or ] may be missing before it'];
  const closing = text[open] === '{' ? '}' : ']';
  const { line, column } = placeOf(text, open);
  return [`the ${text[open]} of line ${line}, column ${column} is not closed`, `put ${closing} where it ends`];
}

/** Position of the innermost bracket that is open at the end. */
function findUnclosed(text: string): number | undefined {
  const scanner = createScanner(text, true);
  const open: number[] = [];
  while (scanner.scan() !== endOfFile) {
    const token = text[scanner.getTokenOffset()] ?? '';
    if (scanner.getTokenLength() !== 1) continue;
    if (token === '{' || token === '[') open.push(scanner.getTokenOffset());
    if (token === '}' || token === ']') open.pop();
  }
  return open.at(-1);
}

/** `SyntaxKind.EOF`, a constant of types only. */
const endOfFile = 17;

function tokenAt(text: string, offset: number): string {
  const token = /^("[^"\n]*"?|[\w.+-]+|[^\s])/.exec(text.slice(offset))?.[0] ?? '';
  const isPrintable = /^[\x20-\x7e\xa0-\ufffc]*$/.test(token);
  if (!isPrintable) return `the character U+${token.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return token.length > 40 ? `${token.slice(0, 39)}…` : token;
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
