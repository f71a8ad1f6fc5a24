import {
  type C4HubOptions,
  type C4Variant,
  c4Variants,
  type MalformedLine,
  type NamedSource,
  type ShardChoice,
} from '@steepest/c4-data';
import { formatDuration } from '@steepest/experiments/format';
import { printable } from '@steepest/run-files';
import { UsageError } from '../frame.ts';
import type { ProgressLine } from '../terminal/progress-line.ts';

/** The options that tell more of a source. */
export interface SourceFlags {
  readonly validation?: readonly string[];
  readonly textField?: string;
  readonly shards?: number | readonly number[];
  readonly validationShards?: number | readonly number[];
  readonly revision?: string;
}

/** Malformed lines that are printed as they are found; the others are counted. */
const malformedShown = 5;

/** The source that the words of a command line name. */
export function sourceOf(
  sources: readonly string[],
  flags: SourceFlags,
  display: ProgressLine,
  signal: AbortSignal,
): NamedSource {
  const [first] = sources as [string, ...string[]];
  const ofHub = /^c4(:|$)/.test(first);
  if ((ofHub || first === 'embedded') && (sources.length > 1 || flags.validation !== undefined)) {
    throw new UsageError(
      `"${first}" must be the only source: give files and folders, or one of "embedded" and "c4"`,
    );
  }
  if ((ofHub || first === 'embedded') && flags.textField !== undefined) {
    throw new UsageError('textField is an option of files and folders');
  }
  if (ofHub) return { type: 'c4', ...hubOptions(first, flags, display, signal) };
  for (const name of ['shards', 'validationShards', 'revision'] as const) {
    if (flags[name] !== undefined) throw new UsageError(`${name} is an option of the source "c4"`);
  }
  if (first === 'embedded') return { type: 'embedded' };
  const { validation, textField } = flags;
  return {
    type: 'files',
    train: sources,
    validation,
    textField,
    onSkipped: ({ path, reason }) => display.line(`skipped ${printable(path)}: ${reason}`),
  };
}

function hubOptions(
  source: string,
  { shards, validationShards, revision }: SourceFlags,
  display: ProgressLine,
  signal: AbortSignal,
): C4HubOptions & { readonly train: ShardChoice } {
  const variant = source.slice('c4:'.length) || 'en';
  if (!isVariant(variant)) {
    throw new UsageError(`the variant must be one of ${c4Variants.join(', ')}, got "${variant}"`);
  }
  if (shards === undefined) {
    throw new UsageError(
      'the source "c4" needs --shards, such as --shards 8: a shard is some 300 MB to download',
    );
  }
  return {
    variant,
    ...(revision === undefined ? {} : { revision }),
    train: { shards },
    ...(validationShards === undefined ? {} : { validation: { shards: validationShards } }),
    signal,
    onProgress: (progress) => {
      if (progress.phase !== 'waiting') return;
      const { file, reason, seconds } = progress;
      display.line(`${file}: ${reason}; trying again in ${formatDuration(seconds)}`);
    },
  };
}

function isVariant(name: string): name is C4Variant {
  return (c4Variants as readonly string[]).includes(name);
}

/** Prints the first malformed lines. */
export function malformedReporter(display: ProgressLine): (problem: MalformedLine) => void {
  let count = 0;
  return ({ file, line, reason }) => {
    count += 1;
    if (count <= malformedShown) display.line(`left out ${printable(file)} line ${line}: ${reason}`);
    if (count === malformedShown + 1) display.line('more malformed lines are left out');
  };
}
