import type { QuerySpec } from '@steepest/scaling-laws';
import { Command } from 'commander';
import { UsageError, withFrame } from '../frame.ts';
import { numberArgument } from './options.ts';

/** What was asked: numbers by name, and how to print the answer. */
export interface Question {
  readonly query: Readonly<Record<string, number>>;
  readonly json: boolean;
}

/** The laws that begin the arguments of a question, and the flags after them. */
export function splitLaws(args: readonly string[]): { readonly laws: string[]; readonly flags: string[] } {
  const first = args.findIndex((argument) => argument.startsWith('-'));
  const laws = args.slice(0, first < 0 ? args.length : first);
  return { laws, flags: args.slice(laws.length) };
}

/**
 * Reads the flags of a question to some laws; each number that they take is a flag.
 *
 * @param name what help calls the command
 * @throws CommanderError for a flag that no law takes, with the nearest one, and for help
 */
export function readQuestion(name: string, specs: readonly QuerySpec[], flags: readonly string[]): Question {
  const command = withFrame(
    new Command(`steepest laws ${name}`).usage('[numbers]').allowExcessArguments(false),
    flags,
  );
  for (const { name: own, meaning, required = true } of specs) {
    const note = required ? '' : ' (need not be given)';
    command.option(`${flagOf(own)} <number>`, `${meaning}${note}`, numberArgument);
  }
  command.option('--json', 'print the answer as JSON');
  command.parse(flags.map(asFlag), { from: 'user' });
  const { json = false, ...query } = command.opts<{ json?: boolean } & Record<string, number>>();
  return { query: query as Record<string, number>, json: json === true };
}

/** @throws UsageError naming the flag of a number that is missing */
export function requireNumbers(
  law: string,
  specs: readonly QuerySpec[],
  query: Readonly<Record<string, number>>,
  hint = '',
): void {
  const missing = specs.find(({ name, required = true }) => required && query[name] === undefined);
  if (missing) throw new UsageError(`${law}: ${flagOf(missing.name)} is missing (${missing.meaning})${hint}`);
}

/** `batchTokens` is asked as `--batch-tokens`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Flags may also be typed as the names are. */
function asFlag(argument: string): string {
  const [, name, rest = ''] = /^--([a-zA-Z]+)(=.*)?$/.exec(argument) ?? [];
  return name === undefined ? argument : `${flagOf(name)}${rest}`;
}
