/** Compares optimizers with `steepest` as it is published, in an empty folder, on a text file of its own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installInto } from './packed.ts';

const experiment = `name: mine
model: { size: nano, modelWidth: 16, layers: 1, heads: 2, mlpWidth: 32 }
data: { source: { train: notes.txt }, validationFraction: 0.2 }
budget: { steps: 3, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 2 }
optimizers:
  adam: { learningRate: 1e-2 }
  lion: { learningRate: 1e-3 }
`;

/** Paragraphs of a person's notes, which no corpus holds. */
const notes = Array.from(
  { length: 200 },
  (_, day) => `Day ${day}. The barometer fell ${day % 7} points, and the wind turned to the north by noon.`,
).join('\n\n');

/**
 * Packs the command line and all packages of this repository that it needs, unpacks them as npm would into an empty folder, and runs
 * an experiment there.
 *
 * @param root this repository, with every package built
 * @throws Error when the run fails, or leaves no report
 */
export function compareInEmptyFolder(root: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'steepest-installed-'));
  try {
    installInto(folder, ['@steepest/cli'], root);
    writeFileSync(join(folder, 'mine.yaml'), experiment);
    writeFileSync(join(folder, 'notes.txt'), notes);
    const program = join(folder, 'node_modules', '@steepest', 'cli', 'dist', 'main.js');
    const steepest = (...args: string[]) =>
      execFileSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });
    const output = steepest('run', 'mine.yaml', '--backend', 'cpu');
    for (const expected of ['Adam', 'Lion', 'Report']) {
      if (!output.includes(expected))
        throw new Error(`the comparison does not mention ${expected}:\n${output}`);
    }
    const results = JSON.parse(readFileSync(join(folder, 'runs', 'mine', 'results.json'), 'utf8')) as {
      trials: readonly { status: string }[];
    };
    const page = join(folder, 'runs', 'mine', 'report.html');
    if (results.trials.some(({ status }) => status !== 'finished') || !existsSync(page)) {
      throw new Error(`the comparison did not finish:\n${output}`);
    }
    if (!steepest('list').includes('quick')) throw new Error('no experiments come along');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
