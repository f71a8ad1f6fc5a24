import type { Pruning } from '@steepest/c4-data';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes, programName, UsageError, wholeNumber } from '../frame.ts';
import { inspectCommand } from './inspect-command.ts';
import { type PrepareFlags, prepareCommand } from './prepare-command.ts';
import { type TrainTokenizerFlags, trainTokenizerCommand } from './train-tokenizer-command.ts';
import { verifyCommand } from './verify-command.ts';

/** The options that tell more of a source, except its validation documents. */
function withSourceOptions(command: Command): Command {
  return command
    .option('--text-field <field>', 'files: the field, or column, with the text (default: text)')
    .option('--shards <shards>', 'c4: how many training shards, or which, such as 0-7,12', shardChoice)
    .option('--revision <revision>', 'c4: a commit, branch or tag of the data set');
}

/** The command line of data: `prepare`, `verify`, `inspect` and `train-tokenizer`. */
export function dataProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('steepest data')
    .description('Turns text into shards of token ids, checks and shows them, and trains tokenizers.')
    .addHelpText('after', examples);
  withSourceOptions(program.command('prepare <source...>'))
    .description(
      'tokenize documents into shards: "embedded", "c4" or "c4:<variant>" from the Hugging Face hub, or files and folders',
    )
    .requiredOption('--out <folder>', 'where the shards go; resumes an interrupted preparation')
    .option(
      '--tokenizer <tokenizer>',
      '"embedded", the path of a tokenizer.json, or "hub:<repository>"',
      'embedded',
    )
    .option('--prune <vocabulary>', 'fewer pieces: "t5-4k", "t5-8k" or a number', pruning)
    .option('--workers <threads>', 'threads that tokenize (default: one for each core)', wholeNumber(0))
    .option('--shard-tokens <tokens>', 'tokens of a shard at most (default: 2^28)', wholeNumber(1))
    .option('--documents <documents>', 'training documents to read at most', wholeNumber(1))
    .option('--seed <seed>', 'shuffle the documents; without it they keep their order', wholeNumber(0))
    .option('--validation <path...>', 'files and folders of validation documents')
    .option(
      '--validation-fraction <share>',
      'share of the training documents for validation where there are no others (default: 0.05)',
      share,
    )
    .option('--validation-documents <documents>', 'validation documents to read at most', wholeNumber(1))
    .option('--validation-shards <shards>', 'c4: how many validation shards, or which', shardChoice)
    .action((sources: string[], options: PrepareFlags) =>
      telling(async () => {
        if (!(await prepareCommand(sources, options))) setExitCode(exitCodes.interrupted);
      }),
    );
  program
    .command('verify <folder>')
    .description('check all shards of a folder: checksums, counts, index, ids and ends of documents')
    .action((folder: string) =>
      telling(async () => {
        if (!(await verifyCommand(folder))) setExitCode(exitCodes.failure);
      }),
    );
  program
    .command('inspect <folder>')
    .description('show what the shards of a folder hold')
    .option('--json', 'print it as JSON')
    .option('--top <tokens>', 'how many of the most frequent tokens', wholeNumber(0), 20)
    .option('--sample <documents>', 'how many documents to decode', wholeNumber(0), 1)
    .action((folder: string, options: { json?: boolean; top: number; sample: number }) =>
      telling(() => inspectCommand(folder, options)),
    );
  withSourceOptions(program.command('train-tokenizer <source...>'))
    .description('train a tokenizer on the training documents of a source, and write it as a tokenizer.json')
    .requiredOption('--out <file>', 'the tokenizer.json to write')
    .addOption(
      new Option('--type <type>', "unigram, of T5's kind, or byte-level BPE, of GPT-2's")
        .choices(['unigram', 'bpe'])
        .default('unigram'),
    )
    .option('--size <pieces>', 'pieces of the vocabulary at most', wholeNumber(1), 4096)
    .option('--documents <documents>', 'documents to read at most', wholeNumber(1))
    .action((sources: string[], options: TrainTokenizerFlags) =>
      telling(async () => {
        if (!(await trainTokenizerCommand(sources, options))) setExitCode(exitCodes.interrupted);
      }),
    );
  return program;
}

/** Does something of data, which says by TypeError and RangeError what is wrong with what was typed, not with the code. */
async function telling(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (cause instanceof TypeError) throw new UsageError(cause.message, { cause });
    if (cause instanceof RangeError) throw new Error(cause.message, { cause });
    throw cause;
  }
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number of at least 0 and below 1.');
}

function pruning(text: string): Pruning {
  if (text === 't5-4k' || text === 't5-8k') return text;
  return { size: wholeNumber(1)(text) };
}

/** More than any variant of C4 has: a longer list is a slip of the keyboard, and not to be counted out. */
const mostShards = 100_000;

/** `8` is the first eight, `0-7,12` those numbers. */
function shardChoice(text: string): number | number[] {
  if (/^\d+$/.test(text)) return Number(text);
  const ranges = text.split(',').map((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) {
      throw new InvalidArgumentError('It must be a number of shards, or numbers of shards such as 0-7,12.');
    }
    return { first: Number(first), count: Number(last) - Number(first) + 1 };
  });
  if (ranges.reduce((sum, { count }) => sum + count, 0) > mostShards) {
    throw new InvalidArgumentError(`It names more than ${mostShards} shards, which no variant of C4 has.`);
  }
  return ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
}

const examples = (): string => `
Examples:
  ${programName('data')} prepare embedded --out data/small                       the corpus of this package, a few seconds
  ${programName('data')} prepare c4 --shards 8 --tokenizer hub:google-t5/t5-base --out data/c4
  ${programName('data')} train-tokenizer book.txt --size 4096 --out mine.json
  ${programName('data')} prepare book.txt --tokenizer mine.json --seed 1 --out data/mine
  ${programName('data')} verify data/c4
  ${programName('data')} inspect data/c4 --json

Ctrl-C stops with a checkpoint; the same command continues, after a kill as well.
Exit codes: 0 done, 1 a failure or a broken shard, 2 wrong usage, 130 interrupted.`;
