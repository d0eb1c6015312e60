import type { Argv } from 'yargs';
import type { CommandName } from '../command-names.js';
import { lastOf, type OptionTable } from '../option-table.js';

/** A command: what its help says, its flags, and what it does. */
export interface DescribedCommand {
  /** What follows the name: `[run] [flags]`. */
  readonly operands: string;
  /** Paragraphs of its help. */
  readonly about: string;
  readonly options: OptionTable;
  /** Most words besides flags. */
  readonly mostOperands: number;
  /** What it exits with, in words. */
  readonly exitCodes: string;
  /** Does it; returns the exit code. */
  readonly run: (line: CommandLine) => Promise<number>;
}

/** A command of `supervise`. */
export interface Command extends DescribedCommand {
  readonly name: CommandName;
}

/** A command line that was parsed. */
export interface CommandLine {
  readonly operands: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly text: (name: string) => string | undefined;
  /** All values of a flag that may be repeated. */
  readonly texts: (name: string) => readonly string[];
  readonly number: (name: string) => number | undefined;
  /** All of it as yargs gives it. */
  readonly parsed: Readonly<Record<string, unknown>>;
}

/** Makes what yargs parsed easy to ask. */
export function readCommandLine(parsed: Readonly<Record<string, unknown>>): CommandLine {
  const given = (name: string) => lastOf(parsed[name]);
  return {
    operands: (parsed['_'] as (string | number)[]).map(String),
    flag: (name) => given(name) === true,
    text: (name) => given(name) as string | undefined,
    texts: (name) => ((parsed[name] as string[] | undefined) ?? []).map(String),
    number: (name) => given(name) as number | undefined,
    parsed,
  };
}

/** Parsing of every command: `--no-restore` is a flag of its own, `a.b` one key, and a run may be called 007. */
export function configureParser(yargs: Argv): Argv {
  return yargs.parserConfiguration({
    'boolean-negation': false,
    'dot-notation': false,
    'parse-positional-numbers': false,
  });
}
