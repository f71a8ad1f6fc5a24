import { printable } from '../printable.ts';
import { type C4HubOptions, checkVariant, type ShardChoice } from '../sources/hub/c4-hub.ts';
import type { NamedSource } from '../sources/open-source.ts';
import type { Pruning } from '../tokenizers/pruning.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizers/tokenizer.ts';
import type { ShardManifest } from '../tokens/shards/manifest.ts';
import {
  type PreparationProgress,
  type PreparationResult,
  type PrepareOptions,
  prepareTokenShards,
} from '../tokens/shards/prepare.ts';
import { formatCount, formatDuration } from './format.ts';
import { createProgressLine, type ProgressLine } from './progress-line.ts';

/** The options of `c4-data prepare`. */
export interface PrepareFlags {
  readonly out: string;
  readonly tokenizer: string;
  readonly prune?: Pruning;
  readonly workers?: number;
  readonly shardTokens?: number;
  readonly documents?: number;
  readonly seed?: number;
  readonly validation?: readonly string[];
  readonly validationFraction?: number;
  readonly validationDocuments?: number;
  readonly textField?: string;
  readonly shards?: number | readonly number[];
  readonly validationShards?: number | readonly number[];
  readonly revision?: string;
}

/** Time for a last checkpoint after a signal: container managers kill after 10 to 30 s. */
const CHECKPOINT_SECONDS = 8;
/** Malformed lines that are printed as they are found; the others are counted. */
const MALFORMED_SHOWN = 5;

/** Prepares shards and tells about it; answers whether it came to its end. */
export async function prepareCommand(sources: readonly string[], flags: PrepareFlags): Promise<boolean> {
  const display = createProgressLine(process.stderr, 'Ctrl-C pauses');
  const stop = new AbortController();
  const interrupt = () => {
    // A second signal does not wait for the checkpoint, and the first one not for ever: a kill loses no more.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
    setTimeout(() => {
      console.error(`no checkpoint within ${CHECKPOINT_SECONDS} s of the signal: ended at the one before`);
      process.exit(130);
    }, CHECKPOINT_SECONDS * 1000).unref();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const source = sourceOf(sources, flags, display, stop.signal);
    const result = await prepare(source, flags, display, stop.signal);
    display.close();
    if (result.status === 'interrupted') {
      console.error(`paused: the same command goes on in ${flags.out}`);
      return false;
    }
    if (result.status === 'present') console.log(`${flags.out} was complete before`);
    for (const line of describeResult(result.manifest)) console.log(line);
    return true;
  } finally {
    display.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function prepare(
  source: NamedSource,
  flags: PrepareFlags,
  display: ProgressLine,
  signal: AbortSignal,
): Promise<PreparationResult> {
  let tokenizer: Tokenizer;
  try {
    tokenizer = await openTokenizer(flags, signal);
  } catch (error) {
    if (signal.aborted) return { status: 'interrupted' };
    throw error;
  }
  return prepareTokenShards({
    ...optionsOf(flags),
    source,
    directory: flags.out,
    tokenizer,
    signal,
    onProgress: (progress) => display.update(progress.fraction, describeProgress(progress)),
    onMalformed: malformedReporter(display),
  });
}

function optionsOf(flags: PrepareFlags): Partial<PrepareOptions> {
  const { workers, shardTokens, documents, seed, validationFraction, validationDocuments } = flags;
  const options = { workers, shardTokens, documents, seed, validationFraction, validationDocuments };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function openTokenizer({ tokenizer, prune }: PrepareFlags, signal: AbortSignal): Promise<Tokenizer> {
  const hub = 'hub:';
  const choice = tokenizer.startsWith(hub) ? { hub: tokenizer.slice(hub.length) } : { file: tokenizer };
  return loadTokenizer(tokenizer === 'embedded' ? tokenizer : choice, {
    signal,
    ...(prune === undefined ? {} : { prune }),
  });
}

function sourceOf(
  sources: readonly string[],
  flags: PrepareFlags,
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
  { shards, validationShards, revision }: PrepareFlags,
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

function malformedReporter(display: ProgressLine): NonNullable<PrepareOptions['onMalformed']> {
  let count = 0;
  return ({ file, line, reason }) => {
    count += 1;
    if (count <= MALFORMED_SHOWN) display.line(`left out ${printable(file)} line ${line}: ${reason}`);
    if (count === MALFORMED_SHOWN + 1) display.line('more malformed lines: the manifest counts them');
  };
}

/** `5,678,901 tokens · 456,789 tokens/s · 3:07 left · 12,345 documents · 12 s elapsed`: what a narrow terminal cuts is last. */
function describeProgress(progress: PreparationProgress): string {
  const { documents, tokens, tokensPerSecond, seconds, secondsLeft } = progress;
  return [
    `${formatCount(tokens)} tokens`,
    `${formatCount(tokensPerSecond)} tokens/s`,
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
    `${formatCount(documents)} documents`,
    `${formatDuration(seconds)} elapsed`,
  ].join(' · ');
}

function describeResult({ splits, malformedLines }: ShardManifest): string[] {
  const lines = Object.entries(splits).map(([name, { documents, tokens, shards }]) => {
    const files = shards.length === 1 ? '1 shard' : `${shards.length} shards`;
    return `${name}: ${formatCount(documents)} documents, ${formatCount(tokens)} tokens, ${files}`;
  });
  if (malformedLines.count > 0) lines.push(`malformed lines left out: ${formatCount(malformedLines.count)}`);
  return lines;
}
