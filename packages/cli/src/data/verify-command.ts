import { verifyTokenShards } from '@steepest/c4-data';
import { formatDuration } from '@steepest/experiments/format';
import { printable } from '@steepest/run-files';
import { formatCount } from '../terminal/format-count.ts';
import { createProgressLine } from '../terminal/progress-line.ts';

/** Checks the shards of a folder and prints what is wrong; returns whether nothing is. */
export async function verifyCommand(folder: string): Promise<boolean> {
  const display = createProgressLine(process.stderr);
  try {
    const found = await verifyTokenShards(folder, ({ tokens, fraction, seconds }) => {
      display.update(fraction, `${formatCount(tokens)} tokens · ${formatDuration(seconds)} elapsed`);
    });
    display.close();
    for (const { file, problem } of found.problems) console.error(printable(`${file} ${problem}`));
    const { problems, shards, documents, tokens } = found;
    const size = `${formatCount(shards)} shards, ${formatCount(documents)} documents, ${formatCount(tokens)} tokens`;
    console.log(problems.length === 0 ? `${folder} is as it was written: ${size}` : `${folder} is damaged`);
    return problems.length === 0;
  } finally {
    display.close();
  }
}
