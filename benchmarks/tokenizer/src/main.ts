import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadTokenizer } from '@steepest/c4-data';
import { Command, fromCaller, runProgram, wholeNumber } from '@steepest/cli';
import { findSubjects } from './subjects.ts';

interface Flags {
  readonly tokenizer?: string;
  readonly rounds: number;
  readonly repeats: number;
  readonly only: string;
}

process.exitCode = await runProgram(process.argv.slice(2), () =>
  new Command('tokenizer')
    .description('Times tokenizers on the same texts, and counts the texts whose tokens differ.')
    .argument('[files...]', 'JSON lines of texts, gzip or plain (default: the embedded corpus)')
    .option('--tokenizer <file>', 'another tokenizer than the embedded one')
    .option('--rounds <count>', 'rounds in which everything is timed once', wholeNumber(1), 5)
    .option('--repeats <count>', 'times the texts are read in a round', wholeNumber(1), 1)
    .option('--only <name>', 'the subjects whose names contain this', '')
    .action(run),
);

/** The texts of JSON lines, gzip or plain. */
function readTexts(path: string): string[] {
  const bytes = readFileSync(path);
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { text: string }).text);
}

async function run(
  files: readonly string[],
  { tokenizer: tokenizerFile, rounds, repeats, only }: Flags,
): Promise<void> {
  const corpus = new URL('../../../packages/c4-data/data/embedded-corpus.jsonl.gz', import.meta.url);
  const addresses = readTexts(fileURLToPath(corpus));
  const half = Math.ceil(addresses.length / 2);
  const once =
    files.length > 0 ? files.flatMap((file) => readTexts(fromCaller(file))) : addresses.slice(half);
  const texts = Array.from({ length: repeats }, () => once).flat();
  // What is timed is new text for a process that has run for a while, so every round warms up on other text first.
  const warmUp = files.length > 0 ? addresses : addresses.slice(0, half);
  const megabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6;
  const tokenizer = await loadTokenizer(
    tokenizerFile === undefined ? 'embedded' : { file: fromCaller(tokenizerFile) },
  );
  const subjects = (await findSubjects()).filter(({ name }) => name.includes(only));

  const fastest = subjects.map(() => ({
    seconds: Number.POSITIVE_INFINITY,
    processor: Number.POSITIVE_INFINITY,
    tokens: 0,
  }));
  let expected: number[][] | undefined;
  const differing = subjects.map(() => 0);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      const best = fastest[index]!;
      // What takes this long is timed well enough by one round.
      if (best.seconds > 3 && best.seconds < Number.POSITIVE_INFINITY) continue;
      const encoding = await subject.open(tokenizer);
      // The slow ones have no cache to fill; a part of the text is enough for the engine to compile them.
      await encoding.encode(subject.name.startsWith('@steepest') ? warmUp : warmUp.slice(0, 10));
      const before = process.cpuUsage();
      const start = performance.now();
      const result = await encoding.encode(texts);
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(before);
      best.seconds = Math.min(best.seconds, seconds);
      best.processor = Math.min(best.processor, (user + system) / 1e6);
      best.tokens = result.tokens;
      if (round === 0) {
        const ids = result.ids!();
        expected ??= ids;
        differing[index] = ids.filter((list, text) => list.join() !== expected![text]!.join()).length;
      }
      await encoding.close();
    }
  }

  console.log(`${texts.length} texts, ${megabytes.toFixed(1)} MB, Node ${process.versions.node}\n`);
  console.log(`${'subject'.padEnd(44)}million tokens/s    MB/s  processor seconds  speed  texts that differ`);
  for (const [index, { name }] of subjects.entries()) {
    const { seconds, processor, tokens } = fastest[index]!;
    console.log(
      name.padEnd(44) +
        (tokens / seconds / 1e6).toFixed(2).padStart(16) +
        (megabytes / seconds).toFixed(1).padStart(8) +
        processor.toFixed(3).padStart(19) +
        (fastest[0]!.seconds / seconds).toFixed(2).padStart(7) +
        `${differing[index]}`.padStart(19),
    );
  }
}
