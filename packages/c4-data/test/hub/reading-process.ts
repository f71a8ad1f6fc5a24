/** Reads a shard as a process of its own: `reading-process.ts <options of openC4Hub as JSON>`; prints a hash of its documents. */
import { createHash } from 'node:crypto';
import { openC4Hub } from '../../src/sources/hub/c4-hub.ts';

const source = openC4Hub(JSON.parse(process.argv[2]!));
const [shard] = await source.shards('train');
const hash = createHash('sha256');
for await (const { text } of shard!.open()) hash.update(`${text}\n`);
console.log(hash.digest('hex'));
