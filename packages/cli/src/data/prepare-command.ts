import {
  loadTokenizer,
  type NamedSource,
  type PreparationProgress,
  type PreparationResult,
  type PrepareOptions,
  type Pruning,
  prepareTokenShards,
  type ShardManifest,
  type Tokenizer,
} from '@steepest/c4-data';
import { formatDuration } from '@steepest/experiments/format';
import { formatCount } from '../terminal/format-count.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { createProgressLine, type ProgressLine } from '../terminal/progress-line.ts';
import { malformedReporter, type SourceFlags, sourceOf } from './source-flags.ts';

/** The options of `data prepare`. */
export interface PrepareFlags extends SourceFlags {
  readonly out: string;
  readonly tokenizer: string;
  readonly prune?: Pruning;
  readonly workers?: number;
  readonly shardTokens?: number;
  readonly documents?: number;
  readonly seed?: number;
  readonly validationFraction?: number;
  readonly validationDocuments?: number;
}

/** Prepares shards and reports on it; returns whether it finished. */
export async function prepareCommand(sources: readonly string[], flags: PrepareFlags): Promise<boolean> {
  const display = createProgressLine(process.stderr, 'Ctrl-C pauses');
  const completed = await interruptible(
    display,
    async (signal) => {
      const source = sourceOf(sources, flags, display, signal);
      const result = await prepare(source, flags, display, signal);
      display.close();
      if (result.status === 'interrupted') return false;
      if (result.status === 'present') console.log(`${flags.out} was complete before`);
      for (const line of describeResult(result.manifest)) console.log(line);
      return true;
    },
    (seconds) => console.error(`no checkpoint within ${seconds} s of the signal: ended at the one before`),
  );
  if (!completed) console.error(`paused: the same command resumes in ${flags.out}`);
  return completed;
}

async function prepare(
  source: NamedSource,
  flags: PrepareFlags,
  display: ProgressLine,
  signal: AbortSignal,
): Promise<PreparationResult> {
  const tokenizer = await openTokenizer(flags, signal);
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
