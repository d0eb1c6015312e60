/** The content of the first element of a name in an answer of S3, unescaped; undefined when there is none. */
export function fieldOf(text: string, name: string): string | undefined {
  const raw = fieldsOf(text, name)[0];
  return raw === undefined ? undefined : unescapeXml(raw);
}

/** The raw contents of all elements of a name. What S3 answers is flat: none of them holds another of its name. */
export function fieldsOf(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map(([, raw = '']) => raw);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
