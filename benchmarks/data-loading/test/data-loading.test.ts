import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTextData, verifyTokenShards } from '@steepest/c4-data';
import { afterAll, expect, it } from 'vitest';
import { makeShards } from '../src/made-shards.ts';
import { fromMemory, fromShards } from '../src/subjects.ts';
import { bestRates } from '../src/timing.ts';

const directory = mkdtempSync(join(tmpdir(), 'steepest-data-loading-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('measures shards that pass verification, each subject in turn', async () => {
  await makeShards(directory, 100_000, 3);
  const { problems, shards, tokens } = await verifyTokenShards(directory);
  expect(problems).toEqual([]);
  expect([shards, tokens]).toEqual([3, 99_900]);
  const shape = { contextLength: 32, batchSize: 4 };
  const { train } = await openTextData({ source: { type: 'prepared', directory }, ...shape, seed: 1 });
  expect(new Set(train.next().tokens).size).toBeGreaterThan(100);

  const calls: string[] = [];
  const subjects = [
    fromMemory(new Int32Array(1000), shape),
    fromMemory(new Uint16Array(1000), shape),
    await fromShards(directory, shape, true),
    await fromShards(directory, shape, false),
  ].map((subject) => ({
    ...subject,
    next: () => {
      if (calls.at(-1) !== subject.name) calls.push(subject.name);
      subject.next();
    },
  }));
  const rates = bestRates(subjects, shape, { rounds: 2, seconds: 0 });
  for (const subject of subjects) subject.close();
  const names = ['memory, 32-bit ids', 'memory, 16-bit ids', 'shards, shuffled', 'shards, in order'];
  expect(calls).toEqual([...names, ...names]);
  for (const { processor, clock } of rates) expect(Math.min(processor, clock)).toBeGreaterThan(0);
});
