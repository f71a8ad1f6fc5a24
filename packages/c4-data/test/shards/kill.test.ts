import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { type PrepareOptions, prepareTokenShards } from '../../src/index.ts';
import { filesOf, madeTexts, temporaryFolder, writeTexts } from './prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const kills = 6;
/** Decides the moments; a failure prints it, and `KILL_SEED` repeats it. */
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

/** Files with malformed lines and empty documents, one of them compressed. */
function sourceFiles(): { readonly train: string[]; readonly validation: string[] } {
  const texts = madeTexts(18_000);
  // So many that some are done at every kill.
  const train = Array.from({ length: 8 }, (_, file) => {
    const path = writeTexts(folder, `train-${file}.jsonl`, texts.slice(file * 2000, (file + 1) * 2000));
    appendFileSync(path, `{"text": ""}\nbroken\n${JSON.stringify({ text: 'the last line' })}`);
    return path;
  });
  const packed = join(folder, 'train-8.jsonl.gz');
  writeFileSync(packed, gzipSync(readFileSync(train[1]!)));
  return { train: [...train, packed], validation: [writeTexts(folder, 'held.jsonl', texts.slice(16_000))] };
}

it(`shards whose preparation was killed with SIGKILL at ${kills} random moments are those of one that never was`, {
  timeout: 120_000,
}, async () => {
  const common = {
    source: { type: 'files', ...sourceFiles() },
    tokenizer: 'embedded',
    seed: 3,
    shardTokens: 100_000,
  } satisfies Omit<PrepareOptions, 'directory'>;
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const random = numbers(seed);
  const written: number[] = [];
  let next = start({ ...common, directory: killed });
  for (let kill = 0; kill < kills; kill += 1) {
    const child = await next;
    // The next one loads meanwhile: that is most of the time.
    next = kill + 1 < kills ? start({ ...common, directory: killed }) : next;
    const enough = events(child, Math.floor(random() * 25));
    child.stdin!.write('go');
    await enough;
    await wait(random() * 20);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(existsSync(join(killed, 'manifest.json')), `killed before its end, seed ${seed}`).toBe(false);
    written.push(documentsIn(killed));
  }
  // It got further from kill to kill, so it did continue.
  expect(written.at(-1), `seed ${seed}`).toBeGreaterThan(written[0]! + 500);
  await prepareTokenShards({ ...common, directory: killed, workers: 0 });
  await prepareTokenShards({ ...common, directory: whole, workers: 0 });
  const [found, expected] = [filesOf(killed), filesOf(whole)];
  expect(Object.keys(found), `seed ${seed}`).toEqual(Object.keys(expected));
  for (const [name, bytes] of Object.entries(expected)) {
    expect(found[name] === bytes, `${name} is the same, seed ${seed}`).toBe(true);
  }
});

/** A process that has loaded everything and waits to prepare. */
async function start(options: PrepareOptions): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('killed-preparation.ts', import.meta.url));
  const node = ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx'), program];
  const child = spawn(process.execPath, [...node, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return child;
}

/** Resolves when a child has told of so many events, or has ended. */
function events(child: ChildProcess, count: number): Promise<void> {
  if (count === 0) return Promise.resolve();
  return new Promise((resolve) => {
    child.stdout!.on('data', (text: Buffer) => {
      count -= text.length;
      if (count <= 0) resolve();
    });
    child.once('close', () => resolve());
  });
}

/** Documents of the inputs that the state of a stopped preparation counts. */
function documentsIn(directory: string): number {
  const path = join(directory, 'prepare.state.json');
  if (!existsSync(path)) return 0;
  const { inputs, current } = JSON.parse(readFileSync(path, 'utf8'));
  return inputs.reduce(
    (sum: number, input: { documents: number }) => sum + input.documents,
    current.documents,
  );
}

/** A fixed stream of numbers in [0, 1): the Lehmer generator of Park and Miller (1988). */
function numbers(state: number): () => number {
  state = 1 + (state % 2147483646);
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
