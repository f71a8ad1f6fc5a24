import { appendFile, cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

const keeping = { checkpoint: { every: 3, keep: 2 } };

/** A folder whose run ended after step 8 as by a kill: with the checkpoint of step 6, and with `keeping` that of step 3. */
async function killedRun(options: Partial<TrainOptions> = {}): Promise<string> {
  const folder = await freshFolder();
  const crash = trainTiny(folder, {
    ...options,
    onProgress: ({ step }) => {
      if (step === 8) throw new Error('crash');
    },
  });
  await expect(crash).rejects.toThrow('crash');
  return folder;
}

/** Changes one digit after a text in a file, as a failing disk would. */
async function changeDigit(file: string, after: string): Promise<void> {
  const text = await readFile(file, 'latin1');
  const place = text.indexOf(after) + after.length;
  expect(text[place]).toMatch(/\d/);
  const digit = (Number(text[place]) % 8) + 1;
  await writeFile(file, text.slice(0, place) + digit + text.slice(place + 1), 'latin1');
}

const damages: [string, (checkpoint: string) => Promise<void>][] = [
  ['trainer.json has another step', (c) => changeDigit(join(c, 'trainer.json'), '"step":')],
  ['trainer.json has another data position', (c) => changeDigit(join(c, 'trainer.json'), '"state":')],
  ['trainer.json is cut off', (c) => truncate(join(c, 'trainer.json'), 40)],
  ['trainer.json is gone', (c) => rm(join(c, 'trainer.json'))],
  ['model.safetensors is gone', (c) => rm(join(c, 'model.safetensors'))],
  ['the model has another byte', (c) => flipLastByte(join(c, 'model.safetensors'))],
  ['the optimizer has another byte', (c) => flipLastByte(join(c, 'optimizer.safetensors'))],
  ['the checksums are gone', (c) => rm(join(c, 'SHA256SUMS'))],
  ['the checksums are empty', (c) => truncate(join(c, 'SHA256SUMS'), 0)],
  ['a checksum is another', (c) => changeFirstCharacter(join(c, 'SHA256SUMS'))],
];

async function changeFirstCharacter(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, (text.startsWith('0') ? '1' : '0') + text.slice(1));
}

async function flipLastByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(file, bytes);
}

describe.each(damages)('a checkpoint of which %s', (_, damage) => {
  it('gives way to the older one, and that is said', async () => {
    const whole = await freshFolder();
    await trainTiny(whole);
    const folder = await killedRun(keeping);
    await damage(join(folder, 'checkpoint'));
    const steps: number[] = [];
    const warnings: string[] = [];
    await trainTiny(folder, {
      ...keeping,
      onProgress: ({ step }) => steps.push(step),
      onWarning: (message) => warnings.push(message),
    });
    expect(steps[0]).toBe(4);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^cannot resume from .*checkpoint.*; resuming from step 3, the checkpoint in .*checkpoint-3$/,
      ),
    ]);
    expect(await untimedMetrics(folder)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(folder)).toEqual(await checkpointBytes(whole));
  });

  it('is an error that names the file where there is no older one, and changes nothing', async () => {
    const folder = await killedRun();
    await damage(join(folder, 'checkpoint'));
    const before = await readdir(folder);
    const metrics = await metricsOf(folder);
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = (await trainTiny(folder).catch((reason: unknown) => reason)) as Error;
      expect(error.message).toMatch(
        /cannot resume from .*checkpoint.(trainer\.json|model\.safetensors|optimizer\.safetensors|SHA256SUMS): .*; this checkpoint is damaged: put the files back, or remove the run folder to start over$/,
      );
      // What was found wrong, with its own place in the code.
      const { message } = error.cause as Error;
      expect(error.message.startsWith(`${message}; this checkpoint`)).toBe(true);
    }
    expect(await readdir(folder)).toEqual(before);
    expect(await metricsOf(folder)).toEqual(metrics);
  });
});

describe('damage elsewhere', () => {
  it('to every checkpoint is one error that counts them', async () => {
    const folder = await killedRun(keeping);
    for (const name of ['checkpoint', 'checkpoint-3']) await rm(join(folder, name, 'model.safetensors'));
    await expect(trainTiny(folder)).rejects.toThrow(
      /checkpoint.model\.safetensors: the file is missing \(ENOENT\); this checkpoint is damaged, and so is every older one \(1\)/,
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('checkpoint'))).toHaveLength(2);
  });

  it('to the metrics that a checkpoint counts on is named', async () => {
    const folder = await killedRun();
    await changeDigit(join(folder, 'metrics.jsonl'), '"loss":');
    await expect(trainTiny(folder)).rejects.toThrow(
      /metrics\.jsonl is not what it was at the last checkpoint: put the file back/,
    );
  });

  it('to a summary is named, and a failure that was written down from outside is none', async () => {
    const folder = await freshFolder();
    await trainTiny(folder);
    for (const text of ['[]', '{"status":"done","steps":20}', '{"status":"finished","steps":"20"}']) {
      await writeFile(join(folder, 'summary.json'), text);
      await expect(trainTiny(folder)).rejects.toThrow('summary.json is not the summary of a run');
    }
    await writeFile(
      join(folder, 'summary.json'),
      '{"status":"failed","reason":"the process ended with SIGKILL"}',
    );
    expect((await trainTiny(folder)).status).toBe('finished');
  });

  it('to the final loss of a finished run is named, and mended as the message says', async () => {
    const folder = await freshFolder();
    const summary = await trainTiny(folder);
    const file = join(folder, 'summary.json');
    await changeDigit(file, '"finalValidationLoss": ');
    await expect(trainTiny(folder)).rejects.toThrow(
      /summary\.json is damaged or was edited: .*; remove this file, and train continues from the checkpoint$/,
    );
    // Of an earlier version, which wrote no checksum.
    const { checksum: _, ...unsealed } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify(unsealed));
    await expect(trainTiny(folder)).rejects.toThrow(
      /summary\.json has a final validation loss of .*, and the checkpoint one of .*remove this file/,
    );
    await rm(file);
    const { finalValidationLoss } = await trainTiny(folder);
    expect(finalValidationLoss).toBe(summary.finalValidationLoss);
  });

  it('to the config is named where it is lost, and nothing of the run is removed', async () => {
    for (const folder of [await killedRun(), await freshFolder()]) {
      const metrics = join(folder, 'metrics.jsonl');
      await mkdir(folder, { recursive: true });
      await rm(join(folder, 'config.json'), { force: true });
      // Another program's log, in the folder without a run.
      await appendFile(metrics, '{"kind":"train","step":9,"loss":1}\n');
      const before = await readFile(metrics, 'utf8');
      await expect(trainTiny(folder)).rejects.toThrow(
        / has a (checkpoint|metrics\.jsonl) and no config\.json: put the file back, or use another folder/,
      );
      expect(await readFile(metrics, 'utf8')).toBe(before);
      expect(await readdir(folder)).not.toContain('config.json');
    }
  });

  it.each([
    ['metrics.jsonl', (text: string) => `}${text.slice(1)}`, /metrics\.jsonl is not what it was at/],
    ['summary.json', (text: string) => text.slice(0, 40), /summary\.json is not valid JSON: .*; remove this/],
    ['summary.json', undefined, /cannot read .*summary\.json: it is a folder \(EISDIR\); remove/],
    ['config.json', undefined, /cannot read .*config\.json: it is a folder/],
    ['checkpoint/model.safetensors', undefined, /from .*model\.safetensors: it is a folder; this checkpoint/],
  ])('to %s names the file, whatever it is', async (name, change, message) => {
    const folder = await killedRun();
    const file = join(folder, name);
    const text = await readFile(file, 'utf8');
    await rm(file);
    if (change === undefined) await mkdir(file);
    else await writeFile(file, change(text));
    await expect(trainTiny(folder)).rejects.toThrow(message);
  });

  it('to the last checkpoint of a finished run makes it finish again from the older one', async () => {
    const folder = await freshFolder();
    await trainTiny(folder, keeping);
    const bytes = await checkpointBytes(folder);
    await rm(join(folder, 'checkpoint', 'model.safetensors'));
    const steps: number[] = [];
    const onWarning = () => {};
    await trainTiny(folder, { ...keeping, onWarning, onProgress: ({ step }) => steps.push(step) });
    expect(steps).toEqual([19, 20]);
    expect(await checkpointBytes(folder)).toEqual(bytes);
  });

  it('is a warning of the process where nobody listens', async () => {
    const folder = await killedRun(keeping);
    await rm(join(folder, 'checkpoint', 'model.safetensors'));
    const warnings: string[] = [];
    const listen = ({ message }: Error) => void warnings.push(message);
    process.on('warning', listen);
    await trainTiny(folder, keeping);
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(warnings).toContainEqual(expect.stringContaining('resuming from step 3'));
  });
});

describe('a call that fails to resume', () => {
  it('leaves model, optimizer and data as they were, whichever of them refuses', async () => {
    const folder = await killedRun();
    const refuse = () => {
      throw new Error('refused');
    };
    for (const part of ['optimizer', 'data', 'controller']) {
      const model = new TinyModel(11);
      const optimizer = new TinyOptimizer({ learningRate: tinyRate });
      const data = tinyData();
      const before = [...(await model.variables[0]!.data()), JSON.stringify(data.train.position())];
      if (part === 'optimizer') optimizer.loadState = refuse as never;
      const seek = data.train.seek;
      let seeks = 0;
      if (part === 'data') {
        Object.assign(data.train, { seek: (to: unknown) => (seeks++ === 0 ? refuse() : seek(to)) });
      }
      const tensors = tf.memory().numTensors;
      const controllers =
        part === 'controller' ? { c: { observe: refuse, state: () => 0, loadState: refuse } } : undefined;
      await expect(trainTiny(folder, { model, optimizer, data, controllers })).rejects.toThrow(
        part === 'controller' ? 'controllers is missing there' : /cannot resume from .*: refused/,
      );
      expect([...(await model.variables[0]!.data()), JSON.stringify(data.train.position())]).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
      optimizer.dispose();
      model.dispose();
    }
    expect((await trainTiny(folder)).status).toBe('finished');
  });
});

it('a controller that refuses its state leaves all as it was, and its first error is the one that is told', async () => {
  const makeControllers = (start: number, refuses: boolean) => {
    const loads: unknown[] = [];
    let [seen, tries] = [start, 0];
    const counting = {
      observe: () => {
        seen += 1;
      },
      state: () => seen,
      loadState: (state: unknown) => {
        loads.push(state);
        seen = state as number;
      },
    };
    const refusing = {
      observe: () => {},
      state: () => 'b',
      loadState: () => {
        tries += 1;
        if (refuses) throw new Error(`refused ${tries}`);
      },
    };
    return { loads, controllers: { a: counting, b: refusing } };
  };
  const folder = await killedRun({ controllers: makeControllers(0, false).controllers });
  const model = new TinyModel(11);
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  optimizer.minimize(
    () => model.loss(tf.tensor2d([[1, 2, 3]], [1, 3], 'int32')).total,
    false,
    model.variables,
  );
  const data = tinyData();
  await data.train.next();
  const stateOf = async () => [
    ...model.variables.map((variable) => [...variable.dataSync()]),
    JSON.stringify(data.train.position()),
    optimizer.iterations,
    await optimizer.state(),
  ];
  const before = await stateOf();
  const { loads, controllers } = makeControllers(40, true);
  const error = (await trainTiny(folder, { model, optimizer, data, controllers }).catch(
    (e: unknown) => e,
  )) as Error;
  expect(error.message).toBe(`cannot resume from ${join(folder, 'checkpoint', 'trainer.json')}: refused 1`);
  expect((error.cause as Error).message).toBe('refused 1');
  // Evaluations at steps 0 and 5 before the checkpoint of step 6; then back to its own.
  expect(loads).toEqual([2, 40]);
  expect(await stateOf()).toEqual(before);
  optimizer.dispose();
  model.dispose();
});

it.each([
  ['model', 'model.safetensors'],
  ['optimizer', 'optimizer.safetensors'],
  ['data', 'trainer.json'],
] as const)('a refusal of the %s names its file', async (part, file) => {
  const folder = await killedRun();
  const model = new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  const data = tinyData();
  const refuse = (): never => {
    throw new Error('refused');
  };
  if (part === 'model') model.load = refuse;
  if (part === 'optimizer') optimizer.loadState = refuse;
  if (part === 'data') Object.assign(data.train, { seek: refuse });
  await expect(trainTiny(folder, { model, optimizer, data })).rejects.toThrow(
    `cannot resume from ${join(folder, 'checkpoint', file)}: refused`,
  );
  optimizer.dispose();
  model.dispose();
});

it('sums a checkpoint up as sha256sum reads it', async () => {
  const folder = await killedRun();
  const lines = (await readFile(join(folder, 'checkpoint', 'SHA256SUMS'), 'utf8')).split('\n');
  expect(lines.map((line) => line.slice(64))).toEqual([
    '  model.safetensors',
    '  optimizer.safetensors',
    '  trainer.json',
    '',
  ]);
  for (const line of lines.slice(0, 3)) expect(line.slice(0, 64)).toMatch(/^[0-9a-f]{64}$/);
});

it('takes up the checkpoint that a kill left under its previous name, and does not start over', async () => {
  const folder = await killedRun();
  await rename(join(folder, 'checkpoint'), join(folder, 'checkpoint.previous'));
  await cp(join(folder, 'checkpoint.previous'), join(folder, 'checkpoint.next'), { recursive: true });
  const steps: number[] = [];
  await trainTiny(folder, { onProgress: ({ step }) => steps.push(step) });
  expect(steps[0]).toBe(7);
});
