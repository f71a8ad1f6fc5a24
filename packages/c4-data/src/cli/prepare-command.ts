import type { ShardManifest } from '../shards/manifest.ts';
import { type PreparationProgress, type PrepareOptions, prepareTokenShards } from '../shards/prepare.ts';
import type { DocumentSource } from '../sources/document-source.ts';
import { openEmbeddedSource } from '../sources/embedded-source.ts';
import { openFileSource } from '../sources/file-source.ts';
import { type C4HubOptions, type C4Variant, openC4Hub } from '../sources/hub/c4-hub.ts';
import { formatCount, formatDuration } from './format.ts';
import { createProgressLine, type ProgressLine } from './progress-line.ts';

/** The options of `c4-data prepare`. */
export interface PrepareFlags {
  readonly out: string;
  readonly tokenizer: string;
  readonly workers?: number;
  readonly shardTokens?: number;
  readonly documents?: number;
  readonly seed?: number;
  readonly validation?: readonly string[];
  readonly validationFraction?: number;
  readonly validationDocuments?: number;
  readonly shards?: number | readonly number[];
  readonly validationShards?: number | readonly number[];
  readonly revision?: string;
}

/** Malformed lines that are printed as they are found; the others are counted. */
const MALFORMED_SHOWN = 5;

/** Prepares shards and tells about it; answers whether it came to its end. */
export async function prepareCommand(sources: readonly string[], flags: PrepareFlags): Promise<boolean> {
  const display = createProgressLine(process.stderr, 'Ctrl-C pauses');
  const stop = new AbortController();
  const interrupt = () => {
    // A second signal does not wait for the checkpoint.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const source = await openSource(sources, flags, display, stop.signal);
    const result = await prepareTokenShards({
      ...optionsOf(flags),
      source,
      directory: flags.out,
      tokenizer: tokenizerChoice(flags.tokenizer),
      signal: stop.signal,
      onProgress: (progress) => display.update(progress.fraction, describeProgress(progress)),
      onMalformed: malformedReporter(display),
    });
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

function optionsOf(flags: PrepareFlags): Partial<PrepareOptions> {
  const { workers, shardTokens, documents, seed, validationFraction, validationDocuments } = flags;
  const options = { workers, shardTokens, documents, seed, validationFraction, validationDocuments };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function tokenizerChoice(text: string): PrepareOptions['tokenizer'] {
  return text === 'embedded' ? 'embedded' : { file: text };
}

async function openSource(
  sources: readonly string[],
  flags: PrepareFlags,
  display: ProgressLine,
  signal: AbortSignal,
): Promise<DocumentSource> {
  const [first] = sources as [string, ...string[]];
  const named = first === 'embedded' || /^c4(:|$)/.test(first);
  if (named && (sources.length > 1 || flags.validation !== undefined)) {
    throw new TypeError(`"${first}" stands alone: give files and folders, or one of "embedded" and "c4"`);
  }
  if (!first.startsWith('c4') || !named) {
    for (const name of ['shards', 'validationShards', 'revision'] as const) {
      if (flags[name] !== undefined) throw new TypeError(`${name} is an option of the source "c4"`);
    }
    return named ? openEmbeddedSource() : openFileSource(fileOptions(sources, flags));
  }
  return openC4Hub(hubOptions(first, flags, display, signal));
}

function fileOptions(train: readonly string[], { validation }: PrepareFlags) {
  return { train, ...(validation === undefined ? {} : { validation }) };
}

function hubOptions(
  source: string,
  { shards, validationShards, revision }: PrepareFlags,
  display: ProgressLine,
  signal: AbortSignal,
): C4HubOptions {
  const variant = source.slice('c4:'.length) || 'en';
  return {
    variant: variant as C4Variant,
    ...(revision === undefined ? {} : { revision }),
    ...(shards === undefined ? {} : { train: { shards } }),
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
    if (count <= MALFORMED_SHOWN) display.line(`left out ${file} line ${line}: ${reason}`);
    if (count === MALFORMED_SHOWN + 1) display.line('more malformed lines: the manifest counts them');
  };
}

/** `12,345 documents · 5,678,901 tokens · 456,789 tokens/s · 12 s elapsed · 3:07 left`. */
function describeProgress(progress: PreparationProgress): string {
  const { documents, tokens, tokensPerSecond, seconds, secondsLeft } = progress;
  return [
    `${formatCount(documents)} documents`,
    `${formatCount(tokens)} tokens`,
    `${formatCount(tokensPerSecond)} tokens/s`,
    `${formatDuration(seconds)} elapsed`,
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
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
