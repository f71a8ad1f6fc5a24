import { Adam, type AdamOptions, adamRule } from '@steepest/optim-adam';
import { type OptimizerClass, optimizerClass } from '@steepest/optimizer';
import {
  type CheckKind,
  checkKinds,
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { adamReference } from '../../../packages/optim-adam/test/adam-reference.ts';

/** One way to be wrong, and the kinds of checks that see it. */
export interface Mutation {
  readonly name: string;
  readonly make: () => OptimizerClass<AdamOptions>;
  readonly breaks: readonly CheckKind[];
}

type AdamUpdate = typeof adamRule.update;

let made = 0;

/** Adam with another update rule. */
export function ruleMutant(
  changes: (update: AdamUpdate) => Partial<typeof adamRule>,
): () => OptimizerClass<AdamOptions> {
  const update: AdamUpdate = (...given) => adamRule.update(...given);
  return () => optimizerClass({ ...adamRule, ...changes(update) }, `Mutant${++made}`);
}

/** Adam with another engine: a subclass, saved by tfjs under a name of its own. */
export function engineMutant(
  subclass: (base: typeof Adam) => typeof Adam,
): () => OptimizerClass<AdamOptions> {
  return () => {
    const mutant = subclass(Adam);
    Object.defineProperty(mutant, 'className', { value: `Mutant${++made}` });
    tf.serialization.registerClass(mutant);
    return mutant;
  };
}

const adamTests = new URL('../../../packages/optim-adam/test/', import.meta.url);
const trajectories = readTrajectories(new URL('fixtures/adam/', adamTests));

function optionsOf(trajectory: Trajectory): AdamOptions {
  const { beta1, beta2, epsilon, amsgrad } = trajectory.hyper as Readonly<Record<string, number | boolean>>;
  const numbers = { beta1, beta2, epsilon } as { beta1: number; beta2: number; epsilon: number };
  return { ...recordedOptions(trajectory), ...numbers, amsgrad: amsgrad === true };
}

/** What the suite makes of an optimizer that claims to be Adam. */
export interface Verdict {
  readonly checks: number;
  /** Names of the checks that failed, by kind, in the order of the kinds. */
  readonly failures: Readonly<Partial<Record<CheckKind, readonly string[]>>>;
}

/** Runs the suite, or the checks of some kinds, without the second run of the same checks on another backend. */
export async function judge(
  optimizer: OptimizerClass<AdamOptions>,
  kinds: readonly CheckKind[] = checkKinds,
): Promise<Verdict> {
  const all = conformanceChecks({
    optimizer,
    reference: adamReference,
    golden: { trajectories, optionsOf },
    releasedStates: new URL('states/adam/', adamTests),
  });
  const checks = all.filter(({ kind, name }) => kinds.includes(kind) && !name.endsWith(', on wasm'));
  const failed: { kind: CheckKind; name: string }[] = [];
  for (const { kind, name, run } of checks) await run().catch(() => failed.push({ kind, name }));
  const failures: Partial<Record<CheckKind, readonly string[]>> = {};
  for (const kind of checkKinds) {
    const names = failed.filter((failure) => failure.kind === kind).map(({ name }) => name);
    if (names.length > 0) failures[kind] = names;
  }
  return { checks: checks.length, failures };
}
