import type { Argv } from 'yargs';

/** One flag. `strings` may be repeated; the others hold the last value that is given. */
export interface OptionSpec {
  readonly type: 'string' | 'strings' | 'number' | 'boolean';
  readonly describe: string;
  /** One letter. */
  readonly alias?: string;
}

/** The flags of a command by name, without dashes. docs/commands.md is held to these tables. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Tells yargs the flags of a table. */
export function addOptions(yargs: Argv, table: OptionTable): Argv {
  for (const [name, { type, describe, alias }] of Object.entries(table)) {
    const named = { describe, ...(alias !== undefined && { alias }) };
    if (type === 'boolean') yargs.option(name, { ...named, type, default: false });
    else if (type === 'strings') yargs.option(name, { ...named, type: 'string', array: true, nargs: 1 });
    else yargs.option(name, { ...named, type, requiresArg: true });
  }
  return yargs;
}

/** Of a flag that was given several times, the last value. */
export function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}
