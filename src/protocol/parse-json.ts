/** Deeper nesting than any file of the contract has, and far below what would exhaust the stack when it is written again. */
const deepest = 100;

/**
 * Parses JSON that anybody may have written.
 * @throws SyntaxError for what is no JSON, or is nested too deeply to be kept and written again
 */
export function parseJson(text: string): unknown {
  if (nesting(text) > deepest) throw new SyntaxError(`it is nested more than ${deepest} levels deep`);
  return JSON.parse(text) as unknown;
}

/** How deeply brackets and braces outside strings are nested. */
function nesting(text: string): number {
  let [depth, most] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) at = endOfString(text, at);
    else if (character === openBracket || character === openBrace) most = Math.max(most, ++depth);
    else if (character === closeBracket || character === closeBrace) depth--;
  }
  return most;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}
