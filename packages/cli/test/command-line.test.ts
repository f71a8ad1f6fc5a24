import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, startBench } from './bench-process.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('wrong usage ends with exit code 2 and says what is right', () => {
  it.each([
    [['run', '--backend', 'wams'], /Allowed choices are auto, node-gpu, node, webgpu, wasm, cpu/],
    [['run', 'smoke', '--parallel', '0'], /whole number of at least 1/],
    [['run', 'smoke', '--seed', 'x'], /whole number of at least 0/],
    [['run', 'smoke', '--outt', 'x'], /unknown option '--outt'/],
    [['report'], /missing required argument 'folder'/],
    [['compare', 'one'], /missing required argument 'second'/],
    [['watch', 'one', '--port', 'x'], /whole number of at least 0/],
    [['raport'], /no command or experiment is called "raport"\. Did you mean "report"\?/],
    [['run', 'smoke', 'quick'], /too many arguments/],
  ])('%j', async (args, message) => {
    const { code, errors } = await bench(...args);
    expect(errors).toMatch(message);
    expect(code).toBe(2);
  });
});

it('says which version it is, of which Node, for a report of a fault', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const { code, output } = await bench('--version');
  expect(output).toBe(`steepest ${version} (Node ${process.version}, ${process.platform} ${process.arch})\n`);
  expect(code).toBe(0);
  expect((await bench('-V')).output).toBe(output);
});

describe('a failure ends with exit code 1 and names its cause', () => {
  it('an experiment file that does not exist', async () => {
    const { code, errors } = await bench('run', join(folder, 'absent.yaml'));
    expect(errors).toBe(`${join(folder, 'absent.yaml')}: no such experiment file\n`);
    expect(code).toBe(1);
  });

  it('a folder that is not a run', async () => {
    const { code, errors } = await bench('report', folder);
    expect(errors).toContain('it has no experiment.json');
    expect(code).toBe(1);
  });

  it('results to compare that are not there', async () => {
    const { code, errors } = await bench('compare', join(folder, 'one'), join(folder, 'two'));
    expect(errors).toContain(`cannot read ${join(folder, 'one')}: there is no such folder`);
    expect(code).toBe(1);
  });

  it('a run folder that cannot be made', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const { code, errors } = await bench('run', 'smoke', '--out', join(file, 'out'));
    expect(errors).toContain(`cannot create ${join(file, 'out')}`);
    expect(code).toBe(1);
  });

  it('a data file that does not exist', async () => {
    const file = join(folder, 'data.yaml');
    await writeFile(
      file,
      `name: data
model: { size: nano }
data: { source: { train: absent.jsonl } }
budget: { steps: 2, batchSize: 1, contextLength: 8 }
optimizers: { sgd: { learningRate: 1 } }
`,
    );
    const { code, errors } = await bench('run', file, '--out', join(folder, 'data'));
    expect(errors).toContain(join(folder, 'absent.jsonl'));
    expect(code).toBe(1);
  });
});

it('explains itself with --help and lists its experiments', async () => {
  const help = await bench('--help');
  expect(help.code).toBe(0);
  for (const word of ['run', 'report', 'compare', 'watch', 'list', 'Examples:', 'Exit codes:'])
    expect(help.output).toContain(word);
  expect((await bench('run', '--help')).output).toContain('--parallel');
  const list = await bench('list');
  expect(list.output).toMatch(/^quick +18 trials/m);
  expect(list.output).toMatch(/^smoke +3 trials/m);
});

it('continues to its own exit code where nobody reads its output, as behind head', async () => {
  const endOf = async (...args: string[]) => {
    const { child, ended } = startBench(args);
    child.stdout!.destroy();
    const { code, errors } = await ended;
    return { code, errors };
  };
  expect(await endOf('list')).toEqual({ code: 0, errors: '' });
  const out = join(folder, 'unread');
  expect(await endOf('run', 'smoke', '--out', out)).toEqual({ code: 0, errors: '' });
  const { trials } = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
  expect(trials.map(({ status }: { status: string }) => status)).toEqual([
    'finished',
    'finished',
    'finished',
  ]);
});
