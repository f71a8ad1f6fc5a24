import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundledSources } from '../../tools/source-bundle/source-bundle.ts';

const folder = fileURLToPath(new URL('../', import.meta.url));
const sourceFlags = await bundledSources();

/** What an example prints. It takes some 15 seconds on two cores; the limit leaves room for a busy machine. */
async function outputOf(example: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...sourceFlags, example], {
    cwd: folder,
    timeout: 110_000,
  });
  return stdout;
}

/** The losses that an example prints, in their order. */
function lossesIn(output: string): number[] {
  return [...output.matchAll(/loss (\d+\.\d+)/g)].map(([, loss]) => Number(loss));
}

/** Loss of a model that knows nothing of the 4,096 tokens. */
const uniformLoss = Math.log(4096);

describe('the examples', () => {
  it('lion-layers-model learns to tell two classes apart', async () => {
    const output = await outputOf('lion-layers-model.mjs');
    const losses = lossesIn(output);
    // Half of the points are in each class: a model that knows nothing has log 2.
    expect(losses[0]).toBeGreaterThan(0.5 * Math.log(2));
    expect(losses.at(-1)).toBeLessThan(0.3 * Math.log(2));
    expect(Number(/accuracy (\d\.\d+)/.exec(output)?.[1])).toBeGreaterThan(0.95);
    // 65 weights, one momentum each.
    expect(output).toContain('960 steps, 260 bytes of state');
  });

  it('hybrid-param-groups trains a language model with half of Adam’s state', async () => {
    const output = await outputOf('hybrid-param-groups.mjs');
    const losses = lossesIn(output);
    expect(losses[0]).toBeGreaterThan(uniformLoss);
    expect(losses.at(-1)).toBeLessThan(uniformLoss - 1);
    expect(Number(/([\d.]+) bytes of state per parameter/.exec(output)?.[1])).toBeCloseTo(4, 1);
  });

  it('nano-language-model trains a language model and samples text from it', async () => {
    const output = await outputOf('nano-language-model.mjs');
    const losses = lossesIn(output);
    expect(losses[0]).toBeGreaterThan(uniformLoss);
    expect(losses.at(-1)).toBeLessThan(uniformLoss - 2);
    const sample = /^The people of the United States(.*)$/m.exec(output)?.[1] ?? '';
    // Its most frequent words are the first things that a model learns.
    expect(sample).toMatch(/\b(the|of|and)\b/);
    expect(sample.split(' ').length).toBeGreaterThan(10);
  });

  it('are all in the table of the README', () => {
    const readme = readFileSync(`${folder}README.md`, 'utf8');
    const programs = readdirSync(folder).filter((file) => /\.(mjs|ts)$/.test(file));
    expect(programs).not.toHaveLength(0);
    for (const program of programs) expect(readme).toContain(`(${program})`);
  });
});
