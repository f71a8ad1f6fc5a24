import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { foldersIn, readMetrics, readRun, readSummary, writeSummary } from '../src/index.ts';
import { freshFolder } from './fresh-folder.ts';

/**
 * Run folders of version 0.1 of the comparison, before it had packages: `run` (sweep), `tune` (tuned) and `plan` (planned) of a
 * decoder of one layer on the cpu backend, without the weights of their checkpoints and the cache.
 */
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

interface Results {
  readonly trials: readonly {
    readonly id: string;
    readonly status: string;
    readonly finalValidationLoss: number;
    readonly curve: {
      readonly train: readonly { readonly step: number; readonly loss: number }[];
      readonly validation: readonly { readonly step: number; readonly loss: number }[];
    };
  }[];
}

describe('run folders of earlier versions', () => {
  it.each(['sweep', 'tuned'])('load with the numbers that their results.json had then: %s', async (name) => {
    const folder = join(fixtures, name);
    const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results;
    const trials = (await foldersIn(folder)).sort();
    expect(trials).toEqual(results.trials.map(({ id }) => id).sort());
    for (const { id, status, finalValidationLoss, curve } of results.trials) {
      const run = (await readRun(join(folder, id)))!;
      expect(run.name).toBe(id);
      expect(run.summary).toMatchObject({ status, finalValidationLoss });
      const points = (line: { readonly step: number; readonly loss: number | null }) => [
        line.step,
        line.loss,
      ];
      expect(run.metrics.train.map(points)).toEqual(curve.train.map(points));
      expect(run.metrics.validation.map(points)).toEqual(curve.validation.map(points));
      expect(run.damage).toBeUndefined();
    }
  });

  it('show a number that was changed, by the checksum of the checkpoint', async () => {
    const folder = join(await freshFolder(), 'run');
    await cp(join(fixtures, 'sweep', 'lion-lr1e-3-seed0'), folder, { recursive: true });
    const file = join(folder, 'metrics.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"step":1,', '"step":1, '));
    expect((await readRun(folder))!.damage).toMatch(
      /metrics\.jsonl is not what it was at the last checkpoint/,
    );
  });
});

describe('the folders in a folder', () => {
  it.skipIf(process.platform === 'win32')(
    'are also those that links lead to, as on a larger disk',
    async () => {
      const folder = await freshFolder();
      const elsewhere = await freshFolder();
      for (const path of [join(folder, 'b'), join(elsewhere, 'a')]) await mkdir(path, { recursive: true });
      await writeFile(join(elsewhere, 'file'), '');
      for (const name of ['a', 'file']) await symlink(join(elsewhere, name), join(folder, name));
      // The mark of an editor.
      await symlink('user@host.1', join(folder, '.#config.json'));
      expect(await foldersIn(folder)).toEqual(['a', 'b']);
      await rm(join(elsewhere, 'a'), { recursive: true });
      await expect(foldersIn(folder)).rejects.toThrow(
        `cannot follow the link ${join(folder, 'a')}: the file is missing`,
      );
      await expect(foldersIn(join(folder, 'none'))).rejects.toThrow('none: there is no such folder');
      await expect(foldersIn(join(elsewhere, 'file'))).rejects.toThrow('file: it is not a folder');
    },
  );
});

describe('metrics', () => {
  const line = (step: number, loss: number) =>
    `${JSON.stringify({ kind: 'evaluation', step, tokens: 8 * step, loss, seconds: step })}\n`;

  it('leave out a line that a kill has cut off, wherever it was cut', async () => {
    const file = join(await freshFolder(), 'metrics.jsonl');
    const last = '{"kind":"train","step":2,"tokens":16,"loss":3,"layers":{"norm":{"gradientNorm":1}}}';
    for (let length = 1; length < last.length; length += 1) {
      await writeFile(file, `${line(1, 4)}${last.slice(0, length)}`);
      const { train, validation } = await readMetrics(file);
      expect(train, `cut off after ${length} characters`).toEqual([]);
      expect(validation).toHaveLength(1);
    }
    await writeFile(file, `${line(1, 4)}${last}`);
    expect((await readMetrics(file)).train.map(({ step, loss }) => [step, loss])).toEqual([[2, 3]]);
  });

  it('count the later of repeated steps, and nothing that came after the checkpoint it resumed from', async () => {
    const file = join(await freshFolder(), 'metrics.jsonl');
    await writeFile(file, [line(1, 4), line(2, 3.5), line(3, 3.4), line(2, 3.5), line(3, 3.1)].join(''));
    const { validation } = await readMetrics(file);
    expect(validation.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 4],
      [2, 3.5],
      [3, 3.1],
    ]);
  });

  it('name the line that is none of the trainer', async () => {
    const file = join(await freshFolder(), 'metrics.jsonl');
    await writeFile(file, `${line(1, 4)}{"kind":"train","step":"two"}\n`);
    await expect(readMetrics(file)).rejects.toThrow(`${file}:2: step must be a number from 0, got "two"`);
    await appendFile(file, 'nonsense\nmore\n');
    await writeFile(file, `nonsense\n${line(1, 4)}`);
    await expect(readMetrics(file)).rejects.toThrow(`${file}:1: not JSON`);
  });
});

describe('a folder with metrics and without a config', () => {
  it('is refused as a part of a run, and one without either is none', async () => {
    const folder = await freshFolder();
    await mkdir(folder, { recursive: true });
    expect(await readRun(folder)).toBeUndefined();
    await writeFile(join(folder, 'metrics.jsonl'), '{"kind":"train","step":1,"loss":4}\n');
    await expect(readRun(folder)).rejects.toThrow(
      `${folder} has a metrics.jsonl and no config.json: copy the whole folder of the run, or remove it`,
    );
  });
});

describe('the result of a run that is over', () => {
  const evaluation = '{"kind":"evaluation","step":8,"tokens":64,"loss":3.25,"seconds":1}\n';

  async function endedRun(
    summary: object = { status: 'finished', finalValidationLoss: 3.25 },
  ): Promise<string> {
    const folder = await freshFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), '{"optimizer":"adam","settings":{"learningRate":0.001}}');
    await writeFile(join(folder, 'metrics.jsonl'), evaluation);
    await writeSummary(folder, summary);
    return folder;
  }

  async function change(file: string, from: string, to: string): Promise<void> {
    const text = await readFile(file, 'utf8');
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
  }

  it('is believed as it was written, with nothing beside it, and from a copy', async () => {
    const folder = await endedRun();
    expect(await readRun(folder)).toMatchObject({
      summary: { status: 'finished', finalValidationLoss: 3.25 },
      damage: undefined,
    });
    await cp(folder, `${folder}-copy`, { recursive: true });
    expect((await readRun(`${folder}-copy`))!.damage).toBeUndefined();
  });

  it.each([
    ['finalValidationLoss', '3.25', '3.15'],
    ['status', '"finished"', '"stopped"'],
    ['a key that was added', '"status"', '"tokensPerSecond": 5, "status"'],
  ])('is damaged where its summary was changed: %s', async (_, from, to) => {
    const folder = await endedRun();
    const file = join(folder, 'summary.json');
    await change(file, from, to);
    expect((await readRun(folder))!.damage).toMatch(`${file} is damaged or was edited`);
    // To be trained again, rather than to be believed.
    expect(await readSummary(folder)).toBeUndefined();
  });

  it.each(['finished', 'diverged', 'stopped'])(
    'is damaged where the learning rate or the curve behind it was changed: %s',
    async (status) => {
      const finalValidationLoss = status === 'finished' ? 3.25 : null;
      for (const [name, from, to] of [
        ['config.json', '0.001', '0.003'],
        ['metrics.jsonl', '"tokens":64', '"tokens":32'],
      ] as const) {
        const folder = await endedRun({ status, finalValidationLoss });
        await change(join(folder, name), from, to);
        expect((await readRun(folder))!.damage).toBe(
          `${name} is not what it was when the run ended; a file was changed: remove the folder of the trial, and run the experiment again`,
        );
      }
    },
  );

  it('is damaged where a file of it is gone, and a run that failed has no result', async () => {
    const folder = await endedRun();
    await rm(join(folder, 'metrics.jsonl'));
    expect((await readRun(folder))!.damage).toMatch(/^metrics\.jsonl is not what it was/);
    await writeSummary(folder, { status: 'failed', reason: 'no room' });
    await writeFile(join(folder, 'metrics.jsonl'), evaluation);
    expect((await readRun(folder))!.damage).toBeUndefined();
  });
});

describe('a summary', () => {
  it('has the version of its schema in the file, and files of later versions are refused', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'config.json'), '{}');
    await writeSummary(folder, { status: 'failed', reason: 'no room' });
    expect(JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'))).toEqual({
      schemaVersion: 1,
      status: 'failed',
      reason: 'no room',
      // Of the two characters of the config.
      sha256: { 'config.json': createHash('sha256').update('{}').digest('hex') },
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await readSummary(folder)).toEqual({ status: 'failed', reason: 'no room' });
    await writeFile(join(folder, 'summary.json'), '{"schemaVersion":2,"status":"finished"}');
    await expect(readRun(folder)).rejects.toThrow(
      'summary.json has schema version 2, and this version of Steepest reads up to 1: update Steepest',
    );
  });

  it('that cannot be read counts as none where a run is to be trained, and is an error where it is reported', async () => {
    const folder = await freshFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), '{}');
    for (const text of ['', '{', '[]', '{"status":"done"}', '{"status":"finished","seconds":"long"}']) {
      await writeFile(join(folder, 'summary.json'), text);
      expect(await readSummary(folder), text).toBeUndefined();
    }
    await writeFile(join(folder, 'summary.json'), '{"status":"done"}');
    await expect(readRun(folder)).rejects.toThrow(
      'status must be one of finished, diverged, stopped, failed, interrupted, got "done"',
    );
  });
});
