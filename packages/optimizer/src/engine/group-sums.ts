import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import type { GroupNumbers, Totals } from './group-numbers.ts';
import { pairwise } from './norms.ts';

/** The sums over one parameter, each a tensor of one element, for the numbers that they are part of. */
export interface ParameterSums {
  readonly numbers: GroupNumbers;
  readonly sums: Readonly<Record<string, tf.Tensor>>;
}

/**
 * Adds up the sums over parameters, within a `tf.tidy`: in float64 on a backend that JavaScript reads at once, elsewhere where they
 * are, two at a time.
 *
 * @param wanted The numbers that need totals, whether or not a parameter adds to them.
 */
export function totalsOf(
  wanted: readonly GroupNumbers[],
  parameters: readonly ParameterSums[],
): ReadonlyMap<GroupNumbers, Totals> {
  const totals = wanted.map((numbers) => {
    const own = parameters.filter((parameter) => parameter.numbers === numbers);
    const listed = numbers.sums.map((name) => [name, own.map(({ sums }) => sums[name]!)] as const);
    return [numbers, readsAtOnce() ? addedUp(listed) : addedOnDevice(listed)] as const;
  });
  return new Map(totals);
}

type ListedSums = readonly (readonly [name: string, tensors: readonly tf.Tensor[]])[];

function addedUp(listed: ListedSums): Totals {
  const values = listed.map(([name, tensors]) => [
    name,
    tensors.reduce((total, tensor) => total + tensor.dataSync()[0]!, 0),
  ]);
  return { kind: 'numbers', values: Object.fromEntries(values) };
}

function addedOnDevice(listed: ListedSums): Totals {
  const values = listed.map(([name, tensors]) => {
    const scalars = tensors.map((tensor) => tf.reshape(tensor, []));
    return [name, scalars.length === 0 ? tf.scalar(0) : pairwise(scalars, tf.add)];
  });
  return { kind: 'tensors', values: Object.fromEntries(values) };
}
