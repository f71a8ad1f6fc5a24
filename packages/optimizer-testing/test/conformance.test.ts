import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineUpdateRule, lerp, likeParameter, mul, optimizerClass, sub } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Check, checkKinds, conformanceChecks, type ReferenceStep } from '../src/index.ts';

const averaged = defineUpdateRule({
  name: 'averaged-descent',
  title: 'Averaged descent',
  paper: { authors: 'none', year: 2026, title: 'none', source: 'none' },
  hyperparameters: {
    learningRate: { default: 0.1, minimum: 0, description: 'Step size' },
    beta: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the average' },
  },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum: previous }, { learningRate, beta }) {
    const momentum = lerp(gradient, previous!, beta);
    return { parameter: sub(parameter, mul(learningRate, momentum)), momentum };
  },
});

/** The same for matrices, and for nothing else. */
const forMatrices = {
  ...averaged,
  name: 'matrix-descent',
  slots(context: Parameters<typeof averaged.slots>[0]) {
    if (context.parameter.shape.length !== 2) throw new Error('matrices only');
    return averaged.slots(context);
  },
};

const reference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  state.average ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    state.average[i] = options.beta * state.average[i]! + (1 - options.beta) * gradient[i]!;
    parameter[i]! -= options.learningRate * state.average[i]!;
  }
};

/** Names of the checks that fail. */
async function failures(checks: readonly Check[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of checks) await run().catch(() => failed.push(name));
  return failed;
}

describe('conformanceChecks', () => {
  const optimizer = optimizerClass(averaged, 'ConformanceAveraged');

  it('pass for a right rule, of every kind that needs no recorded files', async () => {
    const checks = conformanceChecks({ optimizer, reference });
    expect(await failures(checks)).toEqual([]);
    const without = ['golden', 'released states'];
    expect([...new Set(checks.map(({ kind }) => kind))].sort()).toEqual(
      checkKinds.filter((kind) => !without.includes(kind)).sort(),
    );
  });

  it('have names of their own, and for a variant those of the defaults with its name before them', () => {
    const names = conformanceChecks({ optimizer, reference, variants: [{ name: 'slow', options: {} }] }).map(
      ({ name }) => name,
    );
    expect(new Set(names).size).toBe(names.length);
    const slow = names.filter((name) => name.startsWith('slow: '));
    expect(names).toEqual(expect.arrayContaining(slow.map((name) => name.slice('slow: '.length))));
    expect(slow.length).toBeGreaterThan(80);
  });

  it('take the parameters that a rule takes, and say so', async () => {
    const matrices = optimizerClass(forMatrices, 'ConformanceMatrices');
    const checks = conformanceChecks({ optimizer: matrices, reference });
    expect(checks.find(({ kind }) => kind === 'capabilities')!.name).toContain('parameters of 2 axes');
    expect(await failures(checks)).toEqual([]);
  });

  it('fail where the reference is another algorithm', async () => {
    const other: ReferenceStep = (input) =>
      reference({ ...input, options: { ...input.options, beta: input.options.beta ** 1.001 } });
    const failed = await failures(conformanceChecks({ optimizer, reference: other }));
    expect(failed).toHaveLength(7);
    expect(failed.every((name) => name.startsWith('equals its reference'))).toBe(true);
  });
});

describe('released states', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'states-'));
  });
  afterEach(() => {
    delete process.env.RECORD_STATES;
    rmSync(folder, { recursive: true });
  });

  const states = (): Check[] => {
    const optimizer = optimizerClass(averaged, 'ConformanceReleased');
    const releasedStates = pathToFileURL(`${folder}/`);
    return conformanceChecks({ optimizer, reference, releasedStates }).filter(
      ({ kind }) => kind === 'released states',
    );
  };

  it('are asked for until they are recorded, then loaded, and never written again', async () => {
    expect(states()).toHaveLength(1);
    await expect(states()[0]!.run()).rejects.toThrow(
      'has no state of schema version 1; run the tests once with RECORD_STATES=1 and commit what they write',
    );
    process.env.RECORD_STATES = '1';
    await states()[0]!.run();
    expect(readdirSync(join(folder, 'schema-1')).sort()).toEqual(['default.json', 'default.safetensors']);
    const written = (): number => statSync(join(folder, 'schema-1/default.json')).mtimeMs;
    const before = written();
    expect(states()).toHaveLength(2);
    expect(await failures(states())).toEqual([]);
    expect(written()).toBe(before);
  });
});
