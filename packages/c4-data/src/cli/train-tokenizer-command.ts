import { resolve } from 'node:path';
import { writeAtomically } from '../atomic-file.ts';
import type { TokenizerType } from '../tokenizers/training/train-tokenizer.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { formatCount } from './format.ts';
import { interruptible } from './interruptible.ts';
import { createProgressLine } from './progress-line.ts';
import { malformedReporter, type SourceFlags, sourceOf } from './source-flags.ts';

/** The options of `train-tokenizer`. */
export interface TrainTokenizerFlags extends SourceFlags {
  readonly out: string;
  readonly type: TokenizerType;
  readonly size: number;
  readonly documents?: number;
}

/** Trains a tokenizer, writes it as a `tokenizer.json` and tells how well it fits; returns whether it came to its end. */
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
    await writeAtomically(resolve(flags.out), tokenizer.definition);
    display.close();
    console.log(
      `${flags.out}: ${formatCount(tokenizer.vocabularySize)} pieces from ${formatCount(bytes)} bytes of text`,
    );
    return true;
  });
}
