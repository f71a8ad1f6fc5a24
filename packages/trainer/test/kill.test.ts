import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { checkpointBytes, freshFolder, trainTiny, untimedMetrics } from './run-in-folder.ts';

const program = fileURLToPath(new URL('killed-process.ts', import.meta.url));
const steps = 700;

it('a run killed with SIGKILL again and again ends as one that never was', { timeout: 60_000 }, async () => {
  await tf.setBackend('cpu');
  const [whole, killed] = [await freshFolder(), await freshFolder()];
  const kills: number[] = [];
  for (let kill = 0; kill < 4; kill++) {
    const child = spawn(
      process.execPath,
      ['--conditions=@steepest/source', '--import', 'tsx', program, killed, String(steps)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await firstOutput(child);
    // A third of the steps write a checkpoint, which takes longer than they do: the moment falls anywhere in both.
    await wait(Math.random() * 100);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(existsSync(join(killed, 'summary.json')), 'killed before its end').toBe(false);
    kills.push((await untimedMetrics(killed)).length);
  }
  // It got further from kill to kill, so it did resume.
  expect(kills.at(-1)).toBeGreaterThan(kills[0]!);
  await trainTiny(killed, { steps, checkpoint: { every: 100 } });
  await trainTiny(whole, { steps, checkpoint: { every: 100 } });
  expect(await untimedMetrics(killed)).toEqual(await untimedMetrics(whole));
  expect(await checkpointBytes(killed)).toEqual(await checkpointBytes(whole));
});

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('close', (code) => reject(new Error(`the process ended early with code ${code}`)));
  });
}
