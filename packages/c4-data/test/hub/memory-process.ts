/**
 * Reads a shard as a process of its own and prints what memory it took: `memory-process.ts <options of openC4Hub as JSON>`.
 * The first documents are read before the measurement, so that it counts what reading takes and not what Node does.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { openC4Hub } from '../../src/sources/hub/c4-hub.ts';

const warmUpDocuments = 1000;
const everyDocuments = 500;

const source = openC4Hub(JSON.parse(process.argv[2]!));
const [shard] = await source.shards('train');
const most = { rss: 0, heapUsed: 0, arrayBuffers: 0 };
let before = process.memoryUsage();
let documents = 0;
let characters = 0;
for await (const { text } of shard!.open()) {
  documents += 1;
  characters += text.length;
  if (documents % everyDocuments !== 0) continue;
  // A reader that does other work: the download runs ahead of it.
  await turn();
  const now = process.memoryUsage();
  if (documents === warmUpDocuments) before = now;
  if (documents < warmUpDocuments) continue;
  for (const key of Object.keys(most) as (keyof typeof most)[]) most[key] = Math.max(most[key], now[key]);
}
console.log(
  JSON.stringify({
    documents,
    characters,
    grown: most.rss - before.rss,
    ...most,
    seconds: process.uptime(),
  }),
);
