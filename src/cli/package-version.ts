import { readFileSync } from 'node:fs';

/** Our own version. A bundle lies as deep in the package as the file that this is compiled to. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
