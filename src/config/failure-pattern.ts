/** What a group that repeats itself is quantified by, and what repeats in it. */
const repeated = /^(?:[*+]|\{\d+,\}|\{\d+,\d{2,}\})/;

/**
 * What is wrong with a regular expression of the user's, or undefined. Besides what the language refuses, a repetition or a
 * choice inside of a repeated group is refused: `(a+)+` and `(a|a)*` can take longer than the run.
 */
export function describePatternFault(pattern: string, flags: string): string | undefined {
  try {
    new RegExp(pattern, flags.replaceAll(/[^dgimsuvy]/g, ''));
  } catch (error) {
    return `a regular expression (${error instanceof Error ? error.message : String(error)})`;
  }
  return hasNestedRepetition(pattern)
    ? 'a regular expression without a repetition or a choice inside of a repeated group, such as (a+)+ or (a|b)*'
    : undefined;
}

function hasNestedRepetition(pattern: string): boolean {
  // For each open group, whether something in it repeats or offers a choice.
  const groups: boolean[] = [false];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') at = endOfClass(pattern, at);
    else if (character === '(') groups.push(false);
    else if (character === ')') {
      const isRepeating = groups.length > 1 && groups.pop() === true;
      if (isRepeating && repeated.test(pattern.slice(at + 1))) return true;
      if (isRepeating) groups[groups.length - 1] = true;
    } else if (character === '|' || repeated.test(pattern.slice(at))) groups[groups.length - 1] = true;
  }
  return false;
}

function endOfClass(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at;
  }
  return pattern.length;
}
