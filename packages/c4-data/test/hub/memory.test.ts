import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type GeneratedShard, generateShard } from './generated-shard.ts';
import { C4, useHub } from './shard-fixture.ts';

const { context, options } = useHub();
const MiB = 1024 * 1024;
const INDEX = 8;
/** What Node has not collected yet included: less than the compressed shard, and a third of its text. */
const BOUND = 64 * MiB;
/** Gigabytes of the shard in the long test. */
const gigabytes = Number(process.env.C4_DATA_LONG_TEST_GIGABYTES ?? 0);

interface Measured {
  readonly documents: number;
  readonly characters: number;
  readonly grown: number;
  readonly rss: number;
  readonly arrayBuffers: number;
  readonly seconds: number;
}

/** Reads a shard in a process whose heap may hold 48 MB, with two cuts on the way. */
async function measure(shard: GeneratedShard): Promise<Measured> {
  context.hub.add(C4, `en/c4-train.0000${INDEX}-of-01024.json.gz`, shard);
  context.hub.misbehaviors.push(
    { type: 'cut', after: Math.floor(shard.size / 3) },
    { type: 'cut', after: Math.floor(shard.size / 3) },
  );
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['--max-old-space-size=48', '--conditions=@steepest/source', '--import', 'tsx'],
      fileURLToPath(new URL('./memory-process.ts', import.meta.url)),
      JSON.stringify(options({ train: { shards: [INDEX] }, stallSeconds: 60 })),
    ],
    { cwd: fileURLToPath(new URL('../../../../', import.meta.url)) },
  );
  return JSON.parse(stdout) as Measured;
}

function expectBounded(measured: Measured, shard: GeneratedShard): void {
  expect(measured).toMatchObject({ documents: shard.documents, characters: shard.characters });
  expect(measured.arrayBuffers).toBeLessThan(BOUND);
  expect(measured.grown).toBeLessThan(BOUND);
}

it('reads a shard in a memory that does not grow with it', async () => {
  const shard = generateShard(80 * MiB, 50, 400);
  expectBounded(await measure(shard), shard);
});

it.skipIf(gigabytes === 0)(
  'reads a shard of gigabytes in the same memory (set C4_DATA_LONG_TEST_GIGABYTES=3 to run it)',
  { timeout: 1_800_000 },
  async () => {
    const shard = generateShard(gigabytes * 1024 * MiB, 50, 400);
    const measured = await measure(shard);
    console.log(`${gigabytes} GiB: ${JSON.stringify(measured)}`);
    expectBounded(measured, shard);
  },
);
