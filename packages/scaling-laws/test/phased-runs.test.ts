import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTable } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'steepest-phases-'));
afterAll(() => rmSync(folder, { recursive: true }));

function writeRun(name: string, budget: object): void {
  mkdirSync(join(folder, name));
  const write = (file: string, content: string) => writeFileSync(join(folder, name, file), content);
  write('config.json', JSON.stringify({ trial: name, optimizer: 'adam', budget }));
  write('summary.json', JSON.stringify({ status: 'finished', steps: 20, tokens: 2560, flops: 9000 }));
  const lines = [
    { kind: 'evaluation', step: 10, tokens: 1280, flops: 4000, loss: 7 },
    { kind: 'evaluation', step: 20, tokens: 2560, flops: 9000, loss: 6 },
  ];
  write('metrics.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const short = { fromStep: 0, contextLength: 16, batchSize: 8 };
const budget = { steps: 20, batchSize: 1, contextLength: 128 };
writeRun('fixed', { ...budget, phases: [short] });
writeRun('growing', { ...budget, phases: [short, { fromStep: 10, contextLength: 128, batchSize: 1 }] });
writeRun('wider', { ...budget, phases: [short, { fromStep: 10, contextLength: 128, batchSize: 2 }] });

it('takes the FLOPs that a run counted itself, at its end and along its curve', async () => {
  expect((await readTable(folder)).column('flops')).toEqual([9000, 9000, 9000]);
  const curves = await readTable(folder, { points: 'validation' });
  expect(curves.column('flops')).toEqual([4000, 9000, 4000, 9000, 4000, 9000]);
});

it('has the context length and the batch of the training batches, empty where they change', async () => {
  const table = await readTable(folder);
  expect(table.column('run')).toEqual(['fixed', 'growing', 'wider']);
  expect(table.column('contextLength')).toEqual([16, null, null]);
  expect(table.column('batchTokens')).toEqual([128, 128, null]);
});
