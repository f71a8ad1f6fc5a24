/** Compares optimizers with `steepest` as it is published, in an empty folder, on a text file of its own. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf, packageClosure, packInto } from './packed.ts';

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
    install('@steepest/cli', root, folder);
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

function install(name: string, root: string, folder: string): void {
  const modules = join(folder, 'node_modules');
  const sources = packageClosure(root, [name]);
  for (const source of sources) {
    const target = join(modules, manifestOf(source).name);
    mkdirSync(target, { recursive: true });
    const packed = packInto(source, folder);
    execFileSync('tar', ['-xzf', join(folder, packed), '-C', target, '--strip-components=1']);
    rmSync(join(folder, packed));
    nestedModules(source, target);
  }
  // Packages from elsewhere are those that this repository has installed.
  for (const { dependencies, peerDependencies } of sources.map(manifestOf)) {
    for (const other of Object.keys({ ...dependencies, ...peerDependencies })) {
      const target = join(modules, other);
      const found = join(root, 'node_modules', other);
      if (existsSync(target) || !existsSync(found)) continue;
      mkdirSync(join(target, '..'), { recursive: true });
      symlinkSync(found, target);
    }
  }
}

/** Versions that a package has for itself. */
function nestedModules(source: string, target: string): void {
  const nested = join(source, 'node_modules');
  for (const entry of existsSync(nested) ? readdirSync(nested) : []) {
    if (entry.startsWith('.')) continue;
    mkdirSync(join(target, 'node_modules'), { recursive: true });
    symlinkSync(join(nested, entry), join(target, 'node_modules', entry));
  }
}
