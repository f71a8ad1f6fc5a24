import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerState } from './optimizer-state.ts';

/** What an optimizer counts besides its parameters. */
type Counters = Required<Pick<OptimizerState, 'step' | 'skippedSteps' | 'microStep' | 'groups'>>;

/** A float64 as two int32 and back: tfjs has no type that holds it. */
function toWords(x: number): Int32Array {
  return new Int32Array(Float64Array.of(x).buffer);
}
function fromWords(words: ArrayLike<number>): number {
  return new Float64Array(Int32Array.from(words).buffer)[0]!;
}

/** The counters of an optimizer as named tensors; a counter that is 0 has none, but for `iter`. */
export class StateCounters {
  private held: tf.Tensor[] = [];

  /** Makes the tensors and disposes those of the call before. Their names have no slash, unlike those of slots. */
  tensors({ step, skippedSteps, microStep, groups }: Counters): { name: string; tensor: tf.Tensor }[] {
    this.dispose();
    const counts = Object.entries({ iter: step, skippedSteps, microStep })
      .filter(([name, count]) => name === 'iter' || count !== 0)
      .map(([name, count]) => ({ name, tensor: tf.keep(tf.scalar(count, 'int32')) as tf.Tensor }));
    const numbers = groups.flatMap((kept, index) =>
      Object.entries(kept).map(([name, value]) => ({
        name: `group:${index}:${name}`,
        tensor: tf.keep(tf.tensor1d(toWords(value), 'int32')) as tf.Tensor,
      })),
    );
    const named = [...counts, ...numbers];
    this.held = named.map(({ tensor }) => tensor);
    return named;
  }

  dispose(): void {
    for (const tensor of this.held) tensor.dispose();
    this.held = [];
  }
}

/**
 * Reads the named tensors of `getWeights`.
 *
 * @throws Error if a name is none of theirs.
 */
export async function fromNamedTensors(
  weights: readonly { readonly name: string; readonly tensor: tf.Tensor }[],
): Promise<Omit<OptimizerState, 'schemaVersion' | 'optimizer'>> {
  const counts: Record<string, number> = { iter: 0 };
  const groups: Record<string, number>[] = [];
  const parameters: Record<
    string,
    { step: number; slots: Record<string, { shape: number[]; data: Float32Array }> }
  > = {};
  for (const { name, tensor } of weights) {
    const data = await tensor.data();
    const group = /^group:(\d+):([^/]+)$/.exec(name);
    const split = name.lastIndexOf('/');
    if (['iter', 'skippedSteps', 'microStep'].includes(name)) {
      counts[name] = data[0]!;
    } else if (group !== null) {
      while (groups.length <= Number(group[1])) groups.push({});
      groups[Number(group[1])]![group[2]!] = fromWords(data);
    } else if (split >= 1) {
      const parameter = name.slice(0, split);
      const slot = name.slice(split + 1);
      parameters[parameter] ??= { step: 0, slots: {} };
      if (slot === 'step') parameters[parameter].step = data[0]!;
      else parameters[parameter].slots[slot] = { shape: [...tensor.shape], data: Float32Array.from(data) };
    } else {
      throw new Error(`optimizer weight "${name}" is not of the form <variable>/<slot>`);
    }
  }
  const { iter, ...others } = counts;
  return { step: iter!, ...others, ...(groups.length === 0 ? {} : { groups }), parameters };
}
