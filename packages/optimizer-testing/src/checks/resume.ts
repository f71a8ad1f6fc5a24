import { decodeState, encodeState, type OptimizerState, type RuleOptimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assertEqual, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import { secondHalf, type Values, withModel } from '../test-model.ts';
import { wave } from './reference.ts';

/** Steps after which it is saved, and how many follow a resume from memory: in 12 every rule renews its estimates once. */
const savedAt = new Map([
  [0, 12],
  [1, 12],
  [7, 50],
  [100, 50],
]);
/** Steps after a resume in the other forms, whose state is compared with the one that was saved. */
const further = 4;
/** How state can be kept in fewer bits than float32 has. */
export const packedFormats = ['8bit', 'bfloat16'] as const;

/** An optimizer's state in one of the forms it can be kept in, and how a new optimizer takes it up. */
export interface SavedForm {
  readonly name: string;
  /** Saves now; what is returned loads into another optimizer later. */
  save(from: RuleOptimizer): Promise<(into: RuleOptimizer) => Promise<void>>;
}

/** Memory, a safetensors file, and the weight files of `tf.io`. */
export const savedForms: readonly SavedForm[] = [
  {
    name: 'memory',
    save: async (from) => {
      const state = await from.state();
      return (into) => into.loadState(state);
    },
  },
  {
    name: 'safetensors',
    save: async (from) => {
      const file = encodeState(await from.state());
      return (into) => into.loadState(decodeState(file) as OptimizerState);
    },
  },
  {
    name: 'tf.io',
    save: async (from) => {
      const { data, specs } = await tf.io.encodeWeights(await from.getWeights());
      return async (into) => {
        const tensors = tf.io.decodeWeights(data, specs);
        await into.setWeights(specs.map(({ name }) => ({ name, tensor: tensors[name]! })));
        tf.dispose(tensors);
      };
    },
  },
];

/** A model and its optimizer as they were at some step. */
interface Snapshot {
  readonly values: Values;
  readonly state: Uint8Array;
  readonly load: Readonly<Record<string, (into: RuleOptimizer) => Promise<void>>>;
}

interface UnbrokenRun {
  readonly snapshots: ReadonlyMap<number, Snapshot>;
  readonly valuesAfter: ReadonlyMap<number, Values>;
}

async function snapshot(optimizer: RuleOptimizer, values: Values): Promise<Snapshot> {
  const load: Record<string, (into: RuleOptimizer) => Promise<void>> = {};
  for (const form of savedForms) load[form.name] = await form.save(optimizer);
  return { values, state: encodeState(await optimizer.state()), load };
}

/** One run that is saved along the way and never stops. */
function unbrokenRun(subject: Subject, options: AnyOptions): Promise<UnbrokenRun> {
  return withModel(subject.fewParameters, async (model) => {
    const optimizer = subject.make(options);
    const snapshots = new Map<number, Snapshot>();
    const valuesAfter = new Map<number, Values>();
    const compared = new Set([...savedAt].flatMap(([step, far]) => [step + far, step + further]));
    const last = Math.max(...compared);
    for (let step = 0; step <= last; step++) {
      if (step > 0) model.train(optimizer, step, step);
      if (savedAt.has(step)) snapshots.set(step, await snapshot(optimizer, await model.values()));
      if (compared.has(step)) valuesAfter.set(step, await model.values());
    }
    optimizer.dispose();
    return { snapshots, valuesAfter };
  });
}

/** A constant learning rate in a form that JSON keeps. */
function throughConfig(subject: Subject, original: RuleOptimizer): RuleOptimizer {
  const config = JSON.parse(JSON.stringify(original.getConfig()));
  const OptimizerClass = subject.optimizer;
  return OptimizerClass.fromConfig(OptimizerClass, config) as RuleOptimizer;
}

/** Whether a backend whose memory JavaScript does not see refuses a step, which then must have changed nothing. */
async function isRefused(subject: Subject, options: AnyOptions): Promise<boolean> {
  if (['cpu', 'wasm'].includes(tf.getBackend())) return false;
  let refused = false;
  await withModel(subject.fewParameters, async (model) => {
    const before = await model.values();
    const optimizer = subject.make(options);
    try {
      model.train(optimizer, 1, 1);
    } catch (error) {
      if (!String(error).includes('needs the backend')) throw error;
      assertSameBits(await model.values(), before, 'after the refused step');
      refused = true;
    } finally {
      optimizer.dispose();
    }
  });
  return refused;
}

/** That state which is kept in fewer bits is saved as it is. */
function packedChecks(subject: Subject): Check[] {
  return packedFormats.map((stateFormat) => ({
    name: subject.named(
      `saved with state in ${stateFormat} through every form, continues 3 steps bit for bit`,
    ),
    kind: 'resume',
    run: async () => {
      const options = { stateFormat, stateMinimumSize: 1 };
      // WebGL does not hold bfloat16.
      if (stateFormat === 'bfloat16' && (await isRefused(subject, options))) return;
      const unbroken = await subject.trained(options, 6, undefined, subject.fewParameters);
      for (const form of savedForms) {
        await withModel(subject.fewParameters, async (model) => {
          const first = subject.make(options);
          model.train(first, 1, 3);
          const load = await form.save(first);
          first.dispose();
          const resumed = subject.make(options);
          await load(resumed);
          model.train(resumed, 4, 6);
          resumed.dispose();
          assertSameBits(await model.values(), unbroken, `step 6 through ${form.name}`);
        });
      }
    },
  }));
}

/** That a saved optimizer continues in a new object exactly as if it had never stopped. */
export function resumeChecks(subject: Subject): Check[] {
  const options = {
    learningRate: wave,
    weightDecay: 0.1,
    clipGlobalNorm: 1,
    groups: [{ match: secondHalf, weightDecay: 0 }],
  };
  let run: Promise<UnbrokenRun> | undefined;
  const cases = [...savedAt].flatMap(([step, far]) =>
    savedForms.map(({ name: form }) => ({ step, form, more: form === 'memory' ? far : further })),
  );
  const resumed = cases.map(
    ({ step, form, more }): Check => ({
      name: subject.named(`saved at step ${step} through ${form}, continues ${more} steps bit for bit`),
      kind: 'resume',
      run: async () => {
        run ??= unbrokenRun(subject, options);
        const { snapshots, valuesAfter } = await run;
        const { values, state, load } = snapshots.get(step)!;
        const last = step + more;
        await withModel(subject.fewParameters, async (model) => {
          model.assign(values);
          const optimizer = subject.make(options);
          await load[form]!(optimizer);
          assertEqual(optimizer.iterations, step, 'steps taken');
          assertSameBits(
            { it: encodeState(await optimizer.state()) },
            { it: state },
            'the state, saved again',
          );
          model.train(optimizer, step + 1, last);
          optimizer.dispose();
          assertSameBits(await model.values(), valuesAfter.get(last)!, `step ${last}`);
        });
      },
    }),
  );
  return [
    ...resumed,
    ...packedChecks(subject),
    {
      name: subject.named('made anew by fromConfig from its getConfig through JSON, continues bit for bit'),
      kind: 'resume',
      run: () =>
        withModel(subject.fewParameters, async (model) => {
          const kept = {
            weightDecay: 0.1,
            clipGlobalNorm: 1,
            groups: [{ match: secondHalf, weightDecay: 0 }],
          };
          const original = subject.make(kept);
          const [changed] = subject.otherValues('learningRate');
          original.setHyperparameter('learningRate', changed);
          model.train(original, 1, 3);
          const values = await model.values();
          const load = await savedForms[0]!.save(original);
          const made = throughConfig(subject, original);
          assertEqual(made.getConfig(), original.getConfig(), 'the config of what was made from it');
          model.train(original, 4, 9);
          const expected = await model.values();
          original.dispose();
          model.assign(values);
          await load(made);
          model.train(made, 4, 9);
          made.dispose();
          assertSameBits(await model.values(), expected, 'step 9');
        }),
    },
  ];
}
