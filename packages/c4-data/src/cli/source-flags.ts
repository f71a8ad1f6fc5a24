import { printable } from '../printable.ts';
import type { MalformedLine } from '../sources/document-source.ts';
import { type C4HubOptions, checkVariant, type ShardChoice } from '../sources/hub/c4-hub.ts';
import type { NamedSource } from '../sources/open-source.ts';
import { formatDuration } from './format.ts';
import type { ProgressLine } from './progress-line.ts';

/** The options that tell more of a source. */
export interface SourceFlags {
  readonly validation?: readonly string[];
  readonly textField?: string;
  readonly shards?: number | readonly number[];
  readonly validationShards?: number | readonly number[];
  readonly revision?: string;
}

/** Malformed lines that are printed as they are found; the others are counted. */
const MALFORMED_SHOWN = 5;

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
    throw new TypeError(`"${first}" stands alone: give files and folders, or one of "embedded" and "c4"`);
  }
  if ((ofHub || first === 'embedded') && flags.textField !== undefined) {
    throw new TypeError('textField is an option of files and folders');
  }
  if (ofHub) return { type: 'c4', ...hubOptions(first, flags, display, signal) };
  for (const name of ['shards', 'validationShards', 'revision'] as const) {
    if (flags[name] !== undefined) throw new TypeError(`${name} is an option of the source "c4"`);
  }
  if (first === 'embedded') return { type: 'embedded' };
  const { validation, textField } = flags;
  return {
    type: 'files',
    train: sources,
    validation,
    textField,
    onSkipped: ({ path, reason }) => display.line(`passed over ${printable(path)}: ${reason}`),
  };
}

function hubOptions(
  source: string,
  { shards, validationShards, revision }: SourceFlags,
  display: ProgressLine,
  signal: AbortSignal,
): C4HubOptions & { readonly train: ShardChoice } {
  const variant = source.slice('c4:'.length) || 'en';
  checkVariant(variant);
  if (shards === undefined) {
    throw new TypeError(
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

/** Prints the first malformed lines. */
export function malformedReporter(display: ProgressLine): (problem: MalformedLine) => void {
  let count = 0;
  return ({ file, line, reason }) => {
    count += 1;
    if (count <= MALFORMED_SHOWN) display.line(`left out ${printable(file)} line ${line}: ${reason}`);
    if (count === MALFORMED_SHOWN + 1) display.line('more malformed lines are left out');
  };
}
