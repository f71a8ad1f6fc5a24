import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../mutation/command-line.ts';
import { judge, readExplanations } from '../mutation/explained-survivors.ts';
import { isOfPart } from '../mutation/mutant-part.ts';
import type { MutantResult } from '../mutation/mutation-run.ts';
import { recordPartScore, recordScore, scoresTable } from '../mutation/published-scores.ts';
import { confidenceInterval, percentageOf, survivorLines } from '../mutation/report.ts';
import { toolsThatDecide } from '../mutation/results-file.ts';
import { repositoryRoot } from './readme-blocks.ts';

let repository: string;

/** Each run starts Stryker and a dozen test runs, which takes minutes on a busy machine. */
const patience = 1_800_000;

function write(file: string, text: string): void {
  mkdirSync(join(repository, file, '..'), { recursive: true });
  writeFileSync(join(repository, file), text);
}

/** Runs the command, as `npm run mutation` does, on the repository of this test. */
function mutation(...args: string[]): { status: number | null; output: string } {
  const commandLine = JSON.stringify(new URL('../mutation/command-line.ts', import.meta.url).href);
  const code = `import { main } from ${commandLine};
process.exitCode = await main(process.argv.slice(2), ${JSON.stringify(repository)});`;
  const script = join(repository, 'run.mjs');
  writeFileSync(script, code);
  const environment = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV)/.test(name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@steepest/source', '--import', 'tsx', script, ...args],
    { cwd: repositoryRoot, env: Object.fromEntries(environment), encoding: 'utf8' },
  );
  return { status, output: `${stdout}${stderr}` };
}

const source = `if (Math.sqrt(4) !== 2) throw new Error('cannot load');
export const isPositive = (x: number): boolean => x > 0;
`;
const line = 'export const isPositive = (x: number): boolean => x > 0;';
const boundary = line.replace('x > 0', 'x >= 0');
const always = line.replace('x > 0', 'true');

const testOf = (...claims: string[]): string => `import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { isPositive } from '../src/is-positive.ts';

it('tells them in another process', () => {
  const file = new URL('../src/is-positive.ts', import.meta.url).href;
  const code = \`import { isPositive } from '\${file}'; console.log(isPositive(-1))\`;
  const printed = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  expect(String(printed).trim()).toBe('false');
});

it('tells positive numbers', () => {
${claims.map((claim) => `  expect(${claim});\n`).join('')}});
`;

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'steepest-planted-'));
  mkdirSync(join(repository, 'benchmarks'));
  symlinkSync(join(repositoryRoot, 'node_modules'), join(repository, 'node_modules'), 'junction');
  for (const name of toolsThatDecide) write(`tools/mutation/${name}`, '');
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', '{}');
  write('vitest.config.ts', `export default { test: { include: ['packages/*/test/**/*.test.ts'] } };`);
  write('packages/planted/package.json', '{ "name": "@steepest/planted", "type": "module" }');
  write('packages/planted/src/is-positive.ts', source);
});

afterAll(() => rmSync(repository, { recursive: true, force: true }));

describe('npm run mutation', () => {
  it(
    'finds what a weak test does not notice, and takes a file that fails to load for noticed',
    () => {
      write('packages/planted/test/is-positive.test.ts', testOf('isPositive(1)).toBe(true'));
      const { status, output } = mutation('planted', '--mutate', 'src/is-positive.ts');
      expect(output).toContain(
        `packages/planted/src/is-positive.ts:2:51 survived\n  - ${line}\n  + ${boundary}\n`,
      );
      // Noticed only in the process that a test starts.
      expect(output).not.toContain(always);
      // Of line 1: that the condition is true, and that sqrt(8) or 4 is not 2, fail to load; that it is false, the empty
      // block and the message are not noticed.
      expect(output).not.toContain('if (true)');
      expect(output).not.toContain('Math.sqrt(8)');
      expect(output).toContain('if (false)');
      expect(status).toBe(1);
    },
    patience,
  );

  it(
    'is content once a test is stronger and the other survivors are explained, of the whole and of its parts',
    () => {
      write(
        'packages/planted/test/is-positive.test.ts',
        testOf('isPositive(1)).toBe(true', 'isPositive(0)).toBe(false'),
      );
      const [load] = source.split('\n');
      const explanations = ['false) throw', 'Error("")'].map((changed) => ({
        file: 'src/is-positive.ts',
        code: load,
        mutant: changed.startsWith('Error')
          ? load!.replace("Error('cannot load')", changed)
          : load!.replace('Math.sqrt(4) !== 2) throw', changed),
        reason: 'the square root of 4 is 2',
      }));
      write('packages/planted/test/explained-survivors.json', JSON.stringify(explanations));
      const { status, output } = mutation('planted', '--mutate', 'src/is-positive.ts');
      expect(output).toMatch(/^planted: 100\.0 %: .* 2 survivors explained, 0 others$/m);
      expect(status).toBe(0);
      const mutantsIn = (printed: string) =>
        Number(/^planted: .* of (\d+) mutants killed/m.exec(printed)?.[1]);
      const parts = ['1/2', '2/2'].map((part) =>
        mutantsIn(mutation('planted', '--mutate', 'src/is-positive.ts', '--part', part).output),
      );
      expect(Math.min(...parts)).toBeGreaterThan(0);
      expect(parts[0]! + parts[1]!).toBe(mutantsIn(output));
    },
    patience,
  );

  it('says which parts there are', async () => {
    const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    for (const part of ['0/2', '3/2', '1', '1/x']) {
      expect(await main(['planted', '--part', part], repository)).toBe(2);
      expect(errors.mock.lastCall?.[0]).toContain('it must be k/n with 1 <= k <= n, for instance 3/20');
    }
    errors.mockRestore();
  });

  it('says which packages and files there are', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(await main(['plantd'], repository)).toBe(2);
    expect(errors).toHaveBeenLastCalledWith('no package "plantd"; the packages are planted');
    expect(await main(['planted', '--mutate', 'src/other.ts'], repository)).toBe(2);
    expect(errors).toHaveBeenLastCalledWith(
      'packages/planted has no file "src/other.ts"; it has src/is-positive.ts',
    );
    errors.mockRestore();
  });
});

describe('explanations of survivors', () => {
  const survivor: MutantResult = {
    file: 'src/a.ts',
    line: 7,
    column: 1,
    original: 'x > 0',
    replacement: 'x >= 0',
    before: 'return x > 0;',
    after: 'return x >= 0;',
    fate: 'survived',
  };
  const explanation = {
    file: 'src/a.ts',
    code: 'return x > 0;',
    mutant: 'return x >= 0;',
    reason: 'x is odd',
  };

  it('fit a mutant by its text, wherever it has moved', () => {
    for (const fate of ['survived', 'uncovered'] as const) {
      const judgment = judge([{ ...survivor, line: 99, fate }], [explanation], new Set(['src/a.ts']));
      expect(judgment).toMatchObject({ explained: [{ line: 99 }], unexplained: [], needless: [] });
    }
    const other = judge([survivor], [{ ...explanation, mutant: 'return true;' }], new Set());
    expect(other.unexplained).toEqual([survivor]);
  });

  it('are of survivors, which a report tells from mutants that no test reaches and that ran without end', () => {
    const line = (fate: MutantResult['fate']) => survivorLines('a', { ...survivor, fate }).split('\n')[0];
    expect(line('survived')).toBe('packages/a/src/a.ts:7:1 survived');
    expect(line('uncovered')).toBe('packages/a/src/a.ts:7:1 no test runs this code');
    expect(line('timed out')).toBe('packages/a/src/a.ts:7:1 ran without end');
  });

  it('are needless where the mutant is killed, of the files that were tested', () => {
    const killed = [{ ...survivor, fate: 'killed' as const }];
    expect(judge(killed, [explanation], new Set(['src/a.ts'])).needless).toEqual([explanation]);
    expect(judge(killed, [explanation], new Set(['src/b.ts'])).needless).toEqual([]);
  });

  it.each([
    [{}, 'must hold a list of explanations'],
    [[{ ...explanation, reason: ' ' }], 'entry 1 of .* must have the texts file, code, mutant, reason'],
    [[explanation, { ...explanation, line: 3 }], 'entry 2 of .* and nothing else'],
  ])('are refused in another form: %j', (content, message) => {
    const file = join(repository, 'explanations.json');
    writeFileSync(file, JSON.stringify(content));
    expect(() => readExplanations(file)).toThrow(new RegExp(message));
  });

  it('leave a score of what a test could kill, rounded down', () => {
    // 2 of 3 that are not explained.
    expect(percentageOf({ mutants: 5, killed: 2, timedOut: 0, explained: 2 })).toBe(66.6);
    expect(percentageOf({ mutants: 2, killed: 0, timedOut: 0, explained: 2 })).toBe(100);
  });
});

describe('a part of the mutants', () => {
  const mutants = Array.from({ length: 10_000 }, (_, i) => ({
    file: `/copy/packages/a/src/${i % 7}.ts`,
    line: `x = ${i};`,
    column: 2,
    mutator: 'NumericLiteral 0',
  }));

  it('shares none with the others, and is about as large', () => {
    const partsOf = mutants.map((mutant) =>
      [1, 2, 3, 4].filter((index) => isOfPart(mutant, { index, count: 4 }, '/copy')),
    );
    expect(partsOf.every((parts) => parts.length === 1)).toBe(true);
    for (const index of [1, 2, 3, 4]) {
      // 2500 expected, with a standard deviation of sqrt(10000 * 1/4 * 3/4) = 43.3; 4 of them.
      const size = partsOf.filter(([part]) => part === index).length;
      expect(Math.abs(size - 2500)).toBeLessThan(174);
    }
  });

  it('is the same wherever the repository lies', () => {
    const part = { index: 1, count: 4 };
    for (const mutant of mutants.slice(0, 100)) {
      const elsewhere = { ...mutant, file: mutant.file.replace('/copy', '/other/folder') };
      expect(isOfPart(elsewhere, part, '/other/folder')).toBe(isOfPart(mutant, part, '/copy'));
    }
  });

  it('has a score with an interval', () => {
    // Newcombe 1998 (Statistics in Medicine 17), table I, method 3: 81 of 263 is 0.2553 to 0.3662, 0 of 20 is 0 to 0.1611.
    const score = { mutants: 270, killed: 81, timedOut: 0, explained: 7 };
    const [low, high] = confidenceInterval(score);
    expect(low).toBeCloseTo(25.53, 2);
    expect(high).toBeCloseTo(36.62, 2);
    const [none, few] = confidenceInterval({ mutants: 20, killed: 0, timedOut: 0, explained: 0 });
    expect(none).toBeCloseTo(0, 10);
    expect(few).toBeCloseTo(16.11, 2);
  });

  it('is published with what the tests killed before others were written for its survivors', () => {
    const folder = join(repository, 'published');
    mkdirSync(join(folder, 'tools', 'mutation'), { recursive: true });
    const first = { mutants: 263, killed: 81, timedOut: 0, explained: 0 };
    const part = { part: '1/4', ofMutants: 1052 };
    recordScore(folder, 'all', { mutants: 4, killed: 3, timedOut: 0, explained: 0 });
    recordPartScore(folder, 'some', first, part);
    recordPartScore(folder, 'some', { ...first, killed: 250 }, part);
    expect(scoresTable(folder).split('\n').slice(2)).toEqual([
      '| `all`   | 75.0 %                  | 4           | 3           | 0         | 1               |',
      '| `some`  | 30.7 % (25.5 to 36.6 %) | 263 of 1052 | 81, now 250 | 0         | 13              |',
    ]);
    recordPartScore(folder, 'some', { ...first, killed: 250 }, { ...part, part: '2/4' });
    expect(scoresTable(folder)).toContain('| 95.0 % ');
  });
});
