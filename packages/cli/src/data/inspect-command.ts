import {
  inspectTokenShards,
  type LengthDistribution,
  type ShardInspection,
  type SplitInspection,
} from '@steepest/c4-data';
import { formatBar } from '@steepest/experiments/format';
import { printable, printableLines } from '@steepest/run-files';
import Table from 'cli-table3';
import { formatCount } from '../terminal/format-count.ts';

/** Shows what the shards of a folder hold, as tables or as JSON. */
export async function inspectCommand(
  folder: string,
  { json, top, sample }: { json?: boolean; top: number; sample: number },
): Promise<void> {
  const inspection = await inspectTokenShards(folder, { mostFrequent: top, sample });
  if (json) console.log(JSON.stringify(inspection, null, 2));
  else for (const line of describe(inspection)) console.log(line);
}

function describe({ tokenizer, malformedLines, splits }: ShardInspection): string[] {
  const { train } = splits;
  return [
    countsTable(splits),
    `vocabulary ${formatCount(tokenizer.vocabularySize)}, of which training uses ${formatCount(train.differentTokens)}`,
    ...(malformedLines.count === 0 ? [] : [`malformed lines left out: ${formatCount(malformedLines.count)}`]),
    ...(train.lengths === null
      ? []
      : ['', 'Training documents by length in tokens', lengthsTable(train.lengths)]),
    ...(train.mostFrequent.length === 0 ? [] : ['', 'Most frequent training tokens', tokensTable(train)]),
    ...train.sample.flatMap((text) => ['', 'A training document, decoded', printableLines(text)]),
  ];
}

/** A table without colors, its first column to the left. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

function countsTable(splits: Readonly<Record<string, SplitInspection>>): string {
  const head = [
    '',
    'shards',
    'documents',
    'tokens',
    'bytes of text',
    'bytes\n/token',
    'tokens\n/document',
    'median',
    'longest',
  ];
  return table(
    head,
    Object.entries(splits).map(([name, { shards, documents, tokens, bytes, lengths }]) => [
      name,
      ...[shards, documents, tokens, bytes].map(formatCount),
      tokens === 0 ? '—' : (bytes / tokens).toFixed(2),
      ...(lengths === null
        ? ['—', '—', '—']
        : [lengths.mean, lengths.quantiles['0.5'], lengths.longest].map(formatCount)),
    ]),
  );
}

function lengthsTable({ bins }: LengthDistribution): string {
  const most = Math.max(...bins.map(({ documents }) => documents));
  const rows = bins.map(({ from, to, documents }) => [
    `${formatCount(from)} - ${formatCount(to - 1)}`,
    formatCount(documents),
    formatBar(documents / most, 24),
  ]);
  return table(['tokens', 'documents', ''], rows);
}

function tokensTable({ mostFrequent, tokens }: SplitInspection): string {
  const most = mostFrequent[0]!.count;
  const rows = mostFrequent.map(({ id, text, count }) => [
    printable(JSON.stringify(text)),
    String(id),
    formatCount(count),
    `${((100 * count) / tokens).toFixed(2)} %`,
    formatBar(count / most, 24),
  ]);
  return table(['token', 'id', 'count', 'share', ''], rows);
}
