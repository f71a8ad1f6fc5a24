import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  lerp,
  likeParameter,
  maximum,
  mul,
  optimizerClass,
  type ParameterInfo,
  sqrt,
  square,
  sub,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Check, checkKinds, conformanceChecks, goldenChecks, type ReferenceStep } from '../src/index.ts';

/** What of the optional packages is there. */
const installed = vi.hoisted(() => ({ wasm: true }));
vi.mock('../src/optional-packages.ts', async (original) => {
  const actual = await original<typeof import('../src/optional-packages.ts')>();
  return {
    ...actual,
    optionalPackages: () => {
      const packages = actual.optionalPackages();
      return { ...packages, wasm: { ...packages.wasm, isInstalled: installed.wasm } };
    },
  };
});
afterEach(() => {
  installed.wasm = true;
});

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
    const { name, shape } = context.parameter;
    if (shape.length !== 2) throw new Error(`matrices only; ${name} has ${shape.length} axes`);
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
    expect(failed).toHaveLength(9);
    expect(failed.every((name) => name.startsWith('equals its reference'))).toBe(true);
  });

  it('have the same names and number where an optional package is missing, and say how many are skipped', () => {
    const all = conformanceChecks({ optimizer, reference });
    expect(all.filter(({ skipped }) => skipped !== undefined)).toEqual([]);
    installed.wasm = false;
    const without = conformanceChecks({ optimizer, reference });
    const summary = 'was checked as';
    const names = (checks: readonly Check[]) =>
      checks.map(({ name }) => name).filter((name) => !name.startsWith(summary));
    expect(names(without)).toEqual(names(all));
    const skipped = without.filter((check) => check.skipped !== undefined);
    expect(names(skipped)).toEqual(names(all).filter((name) => /\bwasm\b/.test(name)));
    expect(without.find(({ name }) => name.startsWith(summary))!.name).toMatch(
      new RegExp(
        `; ${skipped.length} of \\d+ checks skipped: each needs @tensorflow/tfjs-backend-wasm, which is`,
      ),
    );
  });

  it('report themselves as skipped to the runner, and fail where it cannot be told', async () => {
    installed.wasm = false;
    const check = conformanceChecks({ optimizer, reference }).find(({ skipped }) => skipped !== undefined)!;
    const reasons: string[] = [];
    await check.run({ skip: (reason) => reasons.push(reason) });
    expect(reasons).toEqual([check.skipped]);
    expect(check.skipped).toMatch(
      /^needs @tensorflow\/tfjs-backend-wasm, .*npm install --save-dev @tensorflow/,
    );
    await expect(check.run()).rejects.toThrow('this check needs @tensorflow/tfjs-backend-wasm');
    // Runners such as Jest and Mocha wait for a callback where a test declares a parameter.
    expect(check.run).toHaveLength(0);
  });

  it('cannot be made without a backend, and say what to import', () => {
    const registry = tf.engine().registryFactory;
    const { cpu } = registry;
    delete registry.cpu;
    try {
      for (const make of [
        () => conformanceChecks({ optimizer, reference }),
        () => goldenChecks({ optimizer, trajectories: [], optionsOf: () => ({}) }),
      ]) {
        expect(make).toThrow("which is not registered: add import '@tensorflow/tfjs' to the test file");
      }
    } finally {
      registry.cpu = cpu!;
    }
  });

  it('cannot be made without the reference of a refresh or an average, or with one of no use', () => {
    const refreshing = optimizerClass(
      { ...averaged, refresh: ({ gradient }) => ({ momentum: gradient }) },
      'ConformanceRefreshing',
    );
    expect(() => conformanceChecks({ optimizer: refreshing, reference })).toThrow(
      'averaged-descent refreshes an estimate: give conformanceChecks refreshReference',
    );
    const evaluating = optimizerClass(
      { ...averaged, average: ({ parameter }) => parameter },
      'ConformanceEvaluating',
    );
    expect(() => conformanceChecks({ optimizer: evaluating, reference })).toThrow(
      'averaged-descent keeps an average to evaluate with: give conformanceChecks averageReference',
    );
    expect(() => conformanceChecks({ optimizer, reference, refreshReference: reference })).toThrow(
      'refreshReference is of no use: averaged-descent has no such part',
    );
  });

  it('do not take a mistake in the slots of a rule for the refusal of a shape', () => {
    const slots = ({ parameter }: { parameter: ParameterInfo }) => {
      const [rows] = parameter.shape;
      return rows!.toFixed() === '0' ? { momentum: { shape: [] } } : { momentum: likeParameter };
    };
    const mistaken = optimizerClass({ ...averaged, slots }, 'ConformanceMistaken');
    expect(() => conformanceChecks({ optimizer: mistaken, reference })).toThrow(TypeError);
  });

  it('check the shapes that are asked for', async () => {
    const shapes = [{ shape: [7, 1, 3, 3] }, { shape: [2, 130], role: 'matrix' }];
    const checks = conformanceChecks({ optimizer, reference, shapes }).filter(
      ({ kind }) => kind === 'shapes',
    );
    expect(checks[0]!.name).toBe('equals its reference in float64 on parameters of [7, 1, 3, 3] [2, 130]');
    expect(await failures(checks)).toEqual([]);
    const matrices = optimizerClass(forMatrices, 'ConformanceShapes');
    const none = conformanceChecks({ optimizer: matrices, reference, shapes: [{ shape: [3] }] });
    await expect(none.find(({ kind }) => kind === 'shapes')!.run()).rejects.toThrow(
      'the rule takes none of the shapes that were asked for',
    );
  });

  it('fail where a rule refuses a shape without naming the parameter', async () => {
    const slots: typeof averaged.slots = (context) => {
      if (context.parameter.shape.length !== 2) throw new Error('matrices only');
      return averaged.slots(context);
    };
    const nameless = optimizerClass({ ...averaged, slots }, 'ConformanceNameless');
    const checks = conformanceChecks({ optimizer: nameless, reference }).filter(
      ({ kind }) => kind === 'shapes',
    );
    expect(await failures(checks)).toEqual([
      expect.stringMatching(/^refuses parameters of \[\] \[1\] \[5\]/),
    ]);
  });
});

// Divided by the root of what is kept, in each of the places where an epsilon of 1e-15 can stand unseen.
describe('the place of a tiny epsilon', () => {
  type Place = (secondMoment: Expression, epsilon: Expression) => Expression;
  const places: Record<string, [Place, (v: number, epsilon: number) => number]> = {
    'outside the root': [(v, e) => add(sqrt(v), e), (v, e) => Math.sqrt(v) + e],
    'inside the root': [(v, e) => sqrt(add(v, e)), (v, e) => Math.sqrt(v + e)],
    'squared inside the root': [(v, e) => sqrt(add(v, square(e))), (v, e) => Math.sqrt(v + e * e)],
    'as a maximum': [(v, e) => maximum(sqrt(v), e), (v, e) => Math.max(Math.sqrt(v), e)],
  };
  const names = Object.keys(places);

  it.each(names.flatMap((rule) => names.map((other) => [rule, other])))(
    '%s differs from %s',
    async (here, there) => {
      const [divisor] = places[here!]!;
      const [, written] = places[there!]!;
      const rule = defineUpdateRule({
        name: 'placed',
        title: 'Placed',
        paper: averaged.paper,
        slots: () => ({ momentum: likeParameter }),
        hyperparameters: {
          ...averaged.hyperparameters,
          epsilon: { default: 1e-15, minimum: 0, description: 'Added' },
        },
        update({ parameter, gradient, momentum: previous }, { learningRate, beta, epsilon }) {
          const momentum = lerp(square(gradient), previous!, beta);
          return {
            parameter: sub(parameter, div(mul(learningRate, gradient), divisor(momentum, epsilon))),
            momentum,
          };
        },
      });
      const placed: ReferenceStep = ({
        parameter,
        gradient,
        state,
        options: { learningRate, beta, epsilon },
      }) => {
        state.v ??= new Float64Array(parameter.length);
        for (const [i, g] of gradient.entries()) {
          state.v[i] = beta * state.v[i]! + (1 - beta) * g * g;
          parameter[i]! -= (learningRate * g) / written(state.v[i]!, epsilon) || 0;
        }
      };
      const optimizer = optimizerClass(rule, `ConformancePlaced${here}${there}`);
      const checks = conformanceChecks({ optimizer, reference: placed }).filter(({ name }) =>
        /^equals its reference in float64 to .* with epsilon/.test(name),
      );
      expect(checks).toHaveLength(3);
      const failed = await failures(checks);
      if (here === there) expect(failed).toEqual([]);
      else expect(failed).not.toEqual([]);
    },
  );
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

  it('are not silently left out when they are to be recorded and no folder is given', async () => {
    const optimizer = optimizerClass(averaged, 'ConformanceNowhere');
    const recording = () =>
      conformanceChecks({ optimizer, reference }).filter(({ kind }) => kind === 'released states');
    expect(recording()).toEqual([]);
    process.env.RECORD_STATES = '1';
    expect(recording()).toHaveLength(1);
    await expect(recording()[0]!.run()).rejects.toThrow(
      "RECORD_STATES is set, but conformanceChecks does not know where to record: give it releasedStates: new URL('./states/', import.meta.url)",
    );
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
