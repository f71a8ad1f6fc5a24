import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HeldLock, takeLock } from '@steepest/run-files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BenchEnd,
  bench,
  endedMidway,
  losses,
  shortText,
  sourceFlags,
  startBench,
  untilGone,
  untilLines,
  untilOutput,
} from './bench-process.ts';

const smokeTrials = ['adam-lr1e-3-seed1', 'adam-lr3.16e-3-seed1', 'lion-lr3.16e-4-seed1'];
const trial = 'adam-lr1e-3-seed1';
const steps = 240;
const settings = `name: longer
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: ${steps}, batchSize: 2, contextLength: 16 }
evaluation: { points: 3, sequences: 4 }
checkpoint: { every: 7 }
parallel: 1
optimizers:
  adam: { learningRate: 1e-3 }
`;

let folder: string;
let longerFile: string;
/** The settings with a short text. */
let longer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
  longerFile = join(folder, 'longer.yaml');
  longer = settings + (await shortText(folder));
  await writeFile(longerFile, longer);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the smoke experiment', () => {
  let out: string;
  let first: BenchEnd;

  beforeAll(async () => {
    out = join(folder, 'smoke');
    first = await bench('run', 'smoke', '--out', out);
  });

  it('trains every trial, writes the run files and ends with a table and a report', async () => {
    const { code, output, errors } = first;
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toMatch(/backend \S+: /);
    for (const name of smokeTrials) {
      expect(output).toMatch(new RegExp(`✓ ${name} {2}validation loss`));
      const summary = JSON.parse(await readFile(join(out, name, 'summary.json'), 'utf8'));
      expect(summary).toMatchObject({ status: 'finished', steps: 6, tokens: 6 * 2 * 32 });
      expect(summary.finalValidationLoss).toBeLessThan(summary.initialValidationLoss + 0.5);
      const config = JSON.parse(await readFile(join(out, name, 'config.json'), 'utf8'));
      expect(config).toMatchObject({ trial: name, seed: 1, model: { size: 'nano' } });
    }
    const results = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
    expect(results.trials.map(({ id }: { id: string }) => id).sort()).toEqual(smokeTrials);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
  });

  it('repeats nothing that finished when run again', async () => {
    const before = await Promise.all(smokeTrials.map((name) => stat(join(out, name, 'summary.json'))));
    const { code, output } = await bench('run', 'smoke', '--out', out);
    expect(code).toBe(0);
    expect(output).toContain('3 of them done earlier');
    expect(output).not.toContain('✓');
    const after = await Promise.all(smokeTrials.map((name) => stat(join(out, name, 'summary.json'))));
    expect(after.map(({ mtimeMs }) => mtimeMs)).toEqual(before.map(({ mtimeMs }) => mtimeMs));
  });

  it('gives identical losses with the same seed, and others with another', async () => {
    const again = join(folder, 'smoke-again');
    expect((await bench('run', 'smoke', '--out', again, '--parallel', '1')).code).toBe(0);
    for (const name of smokeTrials) {
      expect(await losses(again, name)).toEqual(await losses(out, name));
    }
    expect((await bench('run', 'smoke', '--out', again, '--seed', '2')).code).toBe(0);
    const other = await losses(again, trial.replace('seed1', 'seed2'));
    expect(other).not.toEqual(await losses(again, trial));
  });
});

describe('an interrupted run', () => {
  let uninterrupted: string[];

  beforeAll(async () => {
    const out = join(folder, 'uninterrupted');
    expect((await bench('run', longerFile, '--out', out)).code).toBe(0);
    uninterrupted = await losses(out, trial);
  });

  it('stops at Ctrl-C with a checkpoint, says how to continue, and continues to identical losses', async () => {
    const out = join(folder, 'interrupted');
    const { code, output } = await endedMidway(out, trial, async () => {
      const { child, ended } = startBench(['run', longerFile, '--out', out]);
      await untilLines(out, trial, 15);
      child.kill('SIGINT');
      return ended;
    });
    expect(code).toBe(130);
    expect(output).toContain(`npx @steepest/cli run ${longerFile} --out ${out}`);
    const summary = JSON.parse(await readFile(join(out, trial, 'summary.json'), 'utf8'));
    expect(summary.status).toBe('interrupted');
    expect(summary.steps).toBeLessThan(steps);

    const again = await bench('run', longerFile, '--out', out);
    expect(again.errors).toBe('');
    expect(again.code).toBe(0);
    expect(await losses(out, trial)).toEqual(uninterrupted);
  });

  it('that is killed leaves no process at work and continues from its last checkpoint', async () => {
    const out = join(folder, 'killed');
    await endedMidway(out, trial, async () => {
      const { child, ended } = startBench(['run', longerFile, '--out', out]);
      await untilLines(out, trial, 15);
      child.kill('SIGKILL');
      await ended;
      // Its lock stays behind, and names the process that had it.
      const lock = await readFile(join(out, trial, 'trial.lock'), 'utf8').catch(() => undefined);
      if (lock !== undefined) await untilGone(JSON.parse(lock).process);
    });
    expect((await losses(out, trial)).length).toBeLessThan(uninterrupted.length);

    expect((await bench('run', longerFile, '--out', out)).code).toBe(0);
    expect(await losses(out, trial)).toEqual(uninterrupted);
  });

  it('waits for the process of an earlier run that has not ended its step', async () => {
    const out = join(folder, 'waiting');
    await mkdir(join(out, trial), { recursive: true });
    const lock = await takeLock(join(out, trial, 'trial.lock'));
    const again = startBench(['run', longerFile, '--out', out]);
    await untilOutput(
      again,
      new RegExp(`${trial}: waiting for process ${process.pid} on .+, which is still training it`),
    );
    await (lock as HeldLock).release();
    expect(await again.ended).toMatchObject({ code: 0, errors: '' });
    expect(await losses(out, trial)).toEqual(uninterrupted);
  });

  it('whose coordinator is gone before the trial has loaded trains nothing', async () => {
    const directory = join(folder, 'orphan');
    await mkdir(directory);
    const configFile = join(directory, 'config.json');
    await cp(join(folder, 'uninterrupted', trial, 'config.json'), configFile);
    const cacheDirectory = join(folder, 'uninterrupted', 'cache');
    const child = fork(
      fileURLToPath(new URL('../../experiments/src/trial-process.ts', import.meta.url)),
      [JSON.stringify({ configFile, cacheDirectory, checkpoint: { every: 7, keep: 1 } })],
      { execArgv: [...sourceFlags] },
    );
    child.disconnect();
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(await readdir(directory)).toEqual(['config.json']);
  });

  it('keeps as many checkpoints as the experiment says, and continues from the older one when the last is damaged', async () => {
    const file = join(folder, 'keeping.yaml');
    const out = join(folder, 'keeping');
    await writeFile(file, longer.replace('every: 7', 'every: 7, keep: 2'));
    await endedMidway(out, trial, async () => {
      const { child, ended } = startBench(['run', file, '--out', out]);
      await untilLines(out, trial, 30);
      child.kill('SIGINT');
      return ended;
    });
    const kept = (await readdir(join(out, trial))).filter((name) => name.startsWith('checkpoint'));
    expect(kept.sort()).toEqual(['checkpoint', expect.stringMatching(/^checkpoint-\d+$/)]);
    await writeFile(join(out, trial, 'checkpoint', 'model.safetensors'), 'damaged');
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    expect(await losses(out, trial)).toEqual(uninterrupted);
  });

  it('refuses changed settings and leaves what is there alone', async () => {
    const out = join(folder, 'unchanged');
    await cp(join(folder, 'uninterrupted'), out, { recursive: true });
    const changed = join(folder, 'changed.yaml');
    await writeFile(changed, longer.replace(`steps: ${steps}`, 'steps: 50').replace('1e-3', '[1e-3, 2e-3]'));
    const { code, errors } = await bench('run', changed, '--out', out);
    expect(code).toBe(1);
    expect(errors).toContain(`budget.steps: was ${steps}, is now 50`);
    expect(errors).toContain('--out');
    expect(await losses(out, trial)).toEqual(uninterrupted);
    expect(existsSync(join(out, 'adam-lr2e-3-seed1'))).toBe(false);
  });
});

describe('a trial that took no step', () => {
  it('binds the folder to nothing: mended, the experiment runs there', async () => {
    const file = join(folder, 'wrong.yaml');
    const out = join(folder, 'wrong');
    const text = settings.replace(`steps: ${steps}`, 'steps: 2');
    const data = 'data: { source: { train: documents.jsonl, validation: held-out.jsonl } }\n';
    for (const [place, kind] of [
      ['documents.jsonl', 'Text'],
      ['held-out.jsonl', 'Other text'],
    ] as const) {
      const lines = Array.from({ length: 40 }, (_, index) =>
        JSON.stringify({ text: `${kind} number ${index}. `.repeat(20) }),
      );
      await writeFile(join(folder, place), lines.join('\n'));
    }
    await writeFile(file, text + data);
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    // What a trial leaves that failed before its first step.
    for (const name of ['metrics.jsonl', 'checkpoint']) await rm(join(out, trial, name), { recursive: true });
    await writeFile(join(out, trial, 'summary.json'), '{"status":"failed","reason":"no such optimizer"}');
    await writeFile(file, text.replace('1e-3 }', '1e-3, beta1: 0.5 }') + data);
    const { code, errors } = await bench('run', file, '--out', out);
    expect(errors).toBe('');
    expect(code).toBe(0);
    const config = JSON.parse(await readFile(join(out, trial, 'config.json'), 'utf8'));
    expect(config.recipe.members[0].options.beta1).toBe(0.5);
  });
});

describe('files of documents', () => {
  const words = Array.from({ length: 40 }, (_, index) => `Text number ${index}. `.repeat(20));
  const jsonLines = (field: string) =>
    words.map((text) => JSON.stringify({ [field]: text, id: 1 })).join('\n');
  const experiment = (source: string) =>
    `${settings.replace(`steps: ${steps}`, 'steps: 2')}data: { source: { ${source} } }\n`;
  const run = async (name: string, source: string) => {
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, experiment(source));
    return bench('run', file, '--out', join(folder, name));
  };

  it('are read by the field that holds the text, and what is passed over in a folder is said', async () => {
    const documents = join(folder, 'corpus');
    await mkdir(documents);
    await writeFile(join(documents, 'a.jsonl'), jsonLines('text'));
    await writeFile(join(documents, '_SUCCESS'), '');
    await writeFile(join(folder, 'content.jsonl'), jsonLines('content'));
    const byFolder = await run('by-folder', 'train: corpus');
    expect(byFolder.errors).toBe('');
    expect(byFolder.output).toContain(`${join(documents, '_SUCCESS')} is passed over: `);
    const byField = await run('by-field', 'train: content.jsonl, textField: content');
    expect(byField.errors).toBe('');
    // The same texts under another name are the same tokens.
    expect(await losses(join(folder, 'by-field'), trial)).toEqual(
      await losses(join(folder, 'by-folder'), trial),
    );
    const config = JSON.parse(await readFile(join(folder, 'by-field', trial, 'config.json'), 'utf8'));
    expect(config.data.source.textField).toBe('content');
    const { code, errors } = await run('no-field', 'train: content.jsonl');
    expect(errors).toContain('textField');
    expect(code).toBe(1);
  });
});

describe('what is damaged and mended', () => {
  it('is said: a cache that is made anew, and a checkpoint before the newest', async () => {
    const file = join(folder, 'damaged.yaml');
    const out = join(folder, 'damaged');
    await writeFile(
      file,
      longer.replace(`steps: ${steps}`, 'steps: 6').replace('every: 7', 'every: 2, keep: 2'),
    );
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    const undisturbed = await losses(out, trial);
    const cache = join(out, 'cache');
    const tokens = (await readdir(cache)).find((name) => name.endsWith('.tokens'))!;
    for (const damaged of [join(cache, tokens), join(out, trial, 'checkpoint', 'model.safetensors')]) {
      const bytes = await readFile(damaged);
      bytes[bytes.length - 1]! ^= 1;
      await writeFile(damaged, bytes);
    }
    await rm(join(out, trial, 'summary.json'));
    const { code, output, errors } = await bench('run', file, '--out', out);
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toMatch(/token cache \S+ is damaged .* rebuilt/);
    expect(output).toMatch(
      /^adam-lr1e-3-seed1: cannot resume from \S+model\.safetensors: .*; resuming from step 4/m,
    );
    expect(await losses(out, trial)).toEqual(undisturbed);
  });
});

describe('a failed trial', () => {
  it('does not stop the others, and the exit code is 1', async () => {
    const file = join(folder, 'failing.yaml');
    const out = join(folder, 'failing');
    await writeFile(file, longer.replace(`steps: ${steps}`, 'steps: 2').replace('1e-3', '[1e-3, 2e-3]'));
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    // A run that a clumsy copy damaged: the checkpoint is ahead of its metrics.
    await rm(join(out, trial, 'summary.json'));
    await rm(join(out, trial, 'metrics.jsonl'));
    await rm(join(out, 'adam-lr2e-3-seed1'), { recursive: true });
    const { code, output, errors } = await bench('run', file, '--out', out);
    expect(code).toBe(1);
    expect(errors).toContain(`${trial} failed`);
    expect(errors).toContain('metrics.jsonl');
    expect(output).toContain('✓ adam-lr2e-3-seed1');
    expect(JSON.parse(await readFile(join(out, trial, 'summary.json'), 'utf8')).status).toBe('failed');
  });
});
