import { nearestName } from '@steepest/run-files';
import { cellOf, type HoldOutOptions, type Law, type LawOptions } from '@steepest/scaling-laws';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../frame.ts';

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** A decimal number; `undefined` for any other text, hexadecimal ones and names of infinities included. */
function decimalNumber(text: string): number | undefined {
  const cell = cellOf(text);
  return typeof cell === 'number' && Number.isFinite(cell) ? cell : undefined;
}

/** A number such as 20, 1.2e9, 350M or 1.2B. */
export function numberArgument(text: string): number {
  const [, digits = '', unit = ''] = /^(.*?)([kMBT]?)$/.exec(text.trim()) ?? [];
  const value = decimalNumber(digits);
  if (value !== undefined) return value * units[unit]!;
  throw new InvalidArgumentError('It must be a number, such as 20, 1.2e9, 350M or 1.2B.');
}

export function share(text: string): number {
  const value = decimalNumber(text.trim()) ?? 0;
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number between 0 and 1.');
}

/** Below 1 a share of the rows, above it the compute beyond which rows are held out. */
export function holdOut(text: string): HoldOutOptions {
  const value = numberArgument(text);
  if (value > 0 && value !== 1) return value < 1 ? { fraction: value } : { above: value };
  throw new InvalidArgumentError('It must be a share of the rows below 1, or a compute in FLOPs.');
}

export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

/**
 * The options of a law's own, from `name=value`.
 *
 * @throws UsageError when the law has no such option, or it cannot have the value
 */
export function lawOptions(law: Law, given: readonly string[]): LawOptions {
  const known = law.options.map(({ name }) => name);
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text) ?? [];
      const option = law.options.find((candidate) => candidate.name === name);
      if (!option) {
        throw new UsageError(
          known.length === 0
            ? `--option ${text}: ${law.name} has no options of its own`
            : `--option ${text}: ${law.name} has no option "${name}", did you mean "${nearestName(name, known)}"? ` +
                `Its options are ${known.join(', ')}, written name=value`,
        );
      }
      if (option.choices && !option.choices.includes(value.trim())) {
        throw new UsageError(`--option ${text}: it must be one of ${option.choices.join(', ')}`);
      }
      if (typeof option.default !== 'number') return [name, value.trim()];
      const number = decimalNumber(value.trim());
      if (number === undefined) throw new UsageError(`--option ${text}: it must be a number`);
      return [name, number];
    }),
  );
}
