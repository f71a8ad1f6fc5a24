import { resolve } from 'node:path';
import { type TrainTokenizerOptions, trainTokenizer } from '@steepest/c4-data';
import { replaceFile } from '@steepest/run-files';
import { formatCount } from '../terminal/format-count.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { createProgressLine } from '../terminal/progress-line.ts';
import { malformedReporter, type SourceFlags, sourceOf } from './source-flags.ts';

/** The options of `train-tokenizer`. */
export interface TrainTokenizerFlags extends SourceFlags {
  readonly out: string;
  readonly type: TrainTokenizerOptions['type'];
  readonly size: number;
  readonly documents?: number;
}

/** Trains a tokenizer, and writes it as a `tokenizer.json`; returns whether it finished. */
export async function trainTokenizerCommand(
  sources: readonly string[],
  flags: TrainTokenizerFlags,
): Promise<boolean> {
  const display = createProgressLine(process.stderr);
  return interruptible(display, async (signal) => {
    let bytes = 0;
    const tokenizer = await trainTokenizer({
      source: sourceOf(sources, flags, display, signal),
      type: flags.type,
      vocabularySize: flags.size,
      documents: flags.documents,
      signal,
      onMalformed: malformedReporter(display),
      onProgress: (progress) => {
        bytes = progress.bytes;
        display.update(
          undefined,
          `${formatCount(progress.documents)} documents · ${formatCount(bytes)} bytes`,
        );
      },
    });
    await replaceFile(resolve(flags.out), tokenizer.definition);
    display.close();
    console.log(
      `${flags.out}: ${formatCount(tokenizer.vocabularySize)} pieces from ${formatCount(bytes)} bytes of text`,
    );
    return true;
  });
}
