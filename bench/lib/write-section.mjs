// The generated parts of the pages in docs/.
import { readFileSync, writeFileSync } from 'node:fs';

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->` of a page. */
export function writeSection(path, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = readFileSync(path, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${path} has no section ${begin} … ${end}`);
  writeFileSync(path, `${before}${begin}\n${text}\n${end}${after}`);
}
