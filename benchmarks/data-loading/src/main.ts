import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, fromCaller, positiveNumber, runProgram, wholeNumber } from '@steepest/cli';
import { makeShards } from './made-shards.ts';
import { forgetPages } from './page-cache.ts';
import { fromMemory, fromShards } from './subjects.ts';
import { bestRates, rate } from './timing.ts';

const shapes = [64, 128, 512, 2048].map((contextLength) => ({
  contextLength,
  batchSize: 8192 / contextLength,
}));
/** 256 MB as 32-bit integers: far above what the processor's caches hold. */
const memoryTokens = 2 ** 26;

interface Flags {
  readonly folder?: string;
  readonly tokens: number;
  readonly seconds: number;
}

process.exitCode = await runProgram(process.argv.slice(2), () =>
  new Command('data-loading')
    .description('Times batches from token shards against copies of memory.')
    .option('--folder <folder>', 'prepared shards (default: made ones, removed in the end)')
    .option('--tokens <count>', 'tokens of the shards that are made', wholeNumber(1), 1_000_000_000)
    .option('--seconds <time>', 'time of a turn', positiveNumber, 0.3)
    .action(run),
);

async function run({ folder, tokens, seconds }: Flags): Promise<void> {
  const made = folder === undefined ? await mkdtemp(join(tmpdir(), 'steepest-data-loading-')) : undefined;
  const directory = folder === undefined ? made! : fromCaller(folder);
  try {
    if (made !== undefined) {
      console.log(`Writing ${tokens.toLocaleString('en')} tokens in 4 shards to ${made}`);
      await makeShards(made, tokens, 4);
    }
    const wide = new Int32Array(memoryTokens).fill(7);
    const narrow = new Uint16Array(memoryTokens).fill(7);
    console.log(
      `\nMillion tokens per second of processor time, one thread, pages in memory, Node ${process.versions.node}`,
    );
    const columns = [
      'context',
      'copy 32-bit',
      'copy 16-bit',
      'shuffled',
      'in order',
      'of the copy',
      'by the clock',
    ];
    console.log(columns.map((column) => column.padStart(13)).join(''));
    for (const shape of shapes) {
      const subjects = [
        fromMemory(wide, shape),
        fromMemory(narrow, shape),
        await fromShards(directory, shape, true),
        await fromShards(directory, shape, false),
      ];
      // The first turns bring the pages in.
      for (const subject of subjects) rate(subject, shape, 1);
      const rates = bestRates(subjects, shape, { rounds: 7, seconds: seconds });
      for (const subject of subjects) subject.close();
      const [copy, , shuffled] = rates as [
        { processor: number },
        unknown,
        { processor: number; clock: number },
      ];
      const cells = [
        `${shape.contextLength}`,
        ...rates.map(({ processor }) => processor.toFixed(0)),
        `${((100 * shuffled.processor) / copy.processor).toFixed(0)} %`,
        shuffled.clock.toFixed(0),
      ];
      console.log(cells.map((cell) => cell.padStart(13)).join(''));
    }
    await showCold(directory);
  } finally {
    if (made !== undefined) await rm(made, { recursive: true });
  }
}

/** What the disk gives when no page is in memory, by the clock. */
async function showCold(folder: string): Promise<void> {
  console.log('\nMillion tokens per second by the clock, pages on the disk');
  for (const shape of shapes.slice(1)) {
    for (const shuffle of [true, false]) {
      if (!forgetPages(folder)) {
        console.log('not measured: dd of GNU, which has the system forget pages, is not here');
        return;
      }
      const subject = await fromShards(folder, shape, shuffle);
      const { clock } = rate(subject, shape, 1);
      console.log(
        `${String(shape.contextLength).padStart(13)}${clock.toFixed(1).padStart(13)}  ${subject.name}`,
      );
      subject.close();
    }
  }
}
