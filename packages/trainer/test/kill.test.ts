import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { checkpointBytes, freshFolder, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { restlessPhases } from './tiny-run.ts';

const program = fileURLToPath(new URL('killed-process.ts', import.meta.url));
/** Whether `npm run test:thorough` asks for more kills. */
const isThorough = process.env.STEEPEST_THOROUGH === '1';
const kills = isThorough ? 50 : 16;
/** More than the kills leave time for. */
const steps = isThorough ? 3_000 : 1_000;
/** The shape of the batches changes every seven steps: a kill falls before, at and after a switch. */
const run = { steps, phases: restlessPhases(steps) };
/** A third of the steps write a checkpoint, which takes longer than they do: the moment falls anywhere in both. */
const longest = { steps: 16, milliseconds: 10 };
/** Decides the moments; a failure prints it, and `KILL_SEED` repeats it. */
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

it(`a run killed with SIGKILL at ${kills} random moments ends as one that never was`, {
  timeout: 600_000,
}, async () => {
  await tf.setBackend('cpu');
  const [whole, killed] = [await freshFolder(), await freshFolder()];
  const random = numbers(seed);
  const lines: number[] = [];
  let next = start(killed);
  for (let kill = 0; kill < kills; kill++) {
    const child = await next;
    // The next one loads meanwhile: that is most of the time.
    next = kill + 1 < kills ? start(killed) : next;
    // Some are killed before their first step, while they read the checkpoint.
    const enough = stepsOf(child, Math.floor(random() * longest.steps));
    child.stdin!.write('go');
    await enough;
    await wait(random() * longest.milliseconds);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(existsSync(join(killed, 'summary.json')), `killed before its end, seed ${seed}`).toBe(false);
    lines.push(existsSync(join(killed, 'metrics.jsonl')) ? await wholeLines(killed) : 0);
  }
  // It got further from kill to kill, so it did resume.
  expect(lines.at(-1), `seed ${seed}`).toBeGreaterThan(lines[0]! + 20);
  await trainTiny(killed, { ...run, checkpoint: { every: 500, keep: 2 } });
  await trainTiny(whole, { ...run, checkpoint: { every: 500 } });
  expect(await untimedMetrics(killed), `seed ${seed}`).toEqual(await untimedMetrics(whole));
  expect(await checkpointBytes(killed), `seed ${seed}`).toEqual(await checkpointBytes(whole));
  expect((await readdir(killed)).sort(), `seed ${seed}`).toEqual([
    'checkpoint',
    `checkpoint-${steps - 500}`,
    'config.json',
    'metrics.jsonl',
    'summary.json',
  ]);
});

/** A process that has loaded everything and waits to train. */
async function start(folder: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=@steepest/source', '--import', 'tsx', program, folder, String(steps)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('close', (code) => reject(new Error(`the process ended early with code ${code}`)));
  });
  return child;
}

/** Settles when a process has made so many steps. */
function stepsOf(child: ChildProcess, count: number): Promise<void> {
  let made = 0;
  return new Promise((resolve) => {
    if (count === 0) return resolve();
    child.stdout!.on('data', (dots: Buffer) => {
      made += dots.length;
      if (made >= count) resolve();
    });
  });
}

/** Lines of metrics that a kill left whole. */
async function wholeLines(folder: string): Promise<number> {
  return (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).split('\n').length - 1;
}

/** A stream of numbers in [0, 1) from a seed: the generator of Park and Miller (1988). */
function numbers(from: number): () => number {
  let state = (from % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
