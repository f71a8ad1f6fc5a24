import type { AdamOptions } from '@steepest/optim-adam';
import type { GradientInput, OptimizerRecord } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { engineMutant, type Mutation } from './mutation.ts';

/** Every gradient changed before the engine sees it. */
function seen(
  change: (gradient: tf.Tensor, options: AdamOptions) => tf.Tensor,
  hidden: (options: AdamOptions) => AdamOptions = (options) => options,
): Mutation['make'] {
  return engineMutant(
    (base) =>
      class extends base {
        private readonly given: AdamOptions;
        constructor(options?: AdamOptions) {
          super(options === undefined || options === null ? options : hidden(options));
          this.given = options ?? {};
        }
        override applyGradients(input: GradientInput): void {
          const entries = Array.isArray(input)
            ? input
            : Object.entries(input as Record<string, tf.Tensor | null>).map(([name, tensor]) => ({
                name,
                tensor,
              }));
          tf.tidy(() => {
            const changed = entries.map(({ name, tensor }) => {
              return { name, tensor: tensor ? change(tensor, this.given) : null };
            });
            super.applyGradients(changed);
          });
        }
      },
  );
}

/** The numbers of a tensor changed one by one. */
function elementwise(tensor: tf.Tensor, change: (x: number) => number): tf.Tensor {
  return tf.tensor(tensor.dataSync().map(change) as Float32Array, tensor.shape, 'float32');
}

/** Mistakes in the engine's features, or in how tensors are computed with. */
export const engineMutations: readonly Mutation[] = [
  {
    name: 'computes with bfloat16 gradients on tensors',
    make: seen((gradient) =>
      elementwise(gradient, (x) => {
        const bits = new Uint32Array(Float32Array.of(x).buffer);
        bits[0] = bits[0]! & 0xffff0000;
        return new Float32Array(bits.buffer)[0]!;
      }),
    ),
    breaks: ['golden', 'interpreters', 'shapes', 'gradients', 'released states', 'accumulation', 'clipping'],
  },
  {
    name: 'computes wrongly on wasm tensors alone',
    make: seen((gradient) => (tf.getBackend() === 'wasm' ? tf.mul(gradient, -1) : gradient)),
    breaks: ['interpreters', 'shapes'],
  },
  {
    name: 'writes into the gradients it is given',
    make: seen((gradient) => {
      // The cpu backend hands out the very memory of the tensor.
      const copy = tf.tensor(gradient.dataSync().slice(), gradient.shape);
      gradient.dataSync().fill(0);
      return copy;
    }),
    breaks: ['gradients'],
  },
  {
    name: 'swallows NaN and infinities',
    make: seen((gradient) => elementwise(gradient, (x) => (Number.isFinite(x) ? x : 0))),
    breaks: ['non-finite gradients'],
  },
  {
    name: 'sums micro-batches where their mean is due',
    make: seen((gradient, { accumulationSteps }) =>
      accumulationSteps === 4 ? tf.mul(gradient, 4) : gradient,
    ),
    breaks: ['accumulation'],
  },
  {
    name: 'ignores maximize',
    make: seen((gradient, { maximize }) => (maximize === true ? tf.neg(gradient) : gradient)),
    breaks: ['maximize'],
  },
  {
    name: 'clips at one where Infinity is asked for',
    make: seen(
      (gradient) => gradient,
      (options) => (options.clipGlobalNorm === Infinity ? { ...options, clipGlobalNorm: 1 } : options),
    ),
    breaks: ['clipping'],
  },
  {
    name: 'ignores clipping by value',
    make: seen(
      (gradient) => gradient,
      (options) =>
        typeof options.clipValue === 'number' && options.clipValue > 0
          ? { ...options, clipValue: 1e9 }
          : options,
    ),
    breaks: ['clipping'],
  },
  {
    name: 'does not skip what is not finite',
    make: seen(
      (gradient) => gradient,
      (options) => (options.skipNonFinite === true ? { ...options, skipNonFinite: false } : options),
    ),
    breaks: ['non-finite gradients'],
  },
  {
    name: 'keeps the average in after swapping out',
    make: engineMutant(
      (base) =>
        class extends base {
          override swapOutAverage(): void {
            const averaged = Object.values(tf.engine().registeredVariables).map((variable) => {
              return [variable, tf.keep(tf.clone(variable))] as const;
            });
            super.swapOutAverage();
            for (const [variable, average] of averaged) {
              variable.assign(average);
              average.dispose();
            }
          }
        },
    ),
    breaks: ['average'],
  },
  {
    name: 'takes the square of the average’s decay',
    make: seen(
      (gradient) => gradient,
      (options) =>
        typeof options.averageDecay === 'number' && options.averageDecay < 1
          ? { ...options, averageDecay: options.averageDecay ** 2 }
          : options,
    ),
    breaks: ['released states', 'average'],
  },
  {
    name: 'takes a refresh for a step',
    make: engineMutant(
      (base) =>
        class extends base {
          override applyRefresh(input: GradientInput): void {
            this.applyGradients(input);
          }
        },
    ),
    breaks: ['refresh'],
  },
  {
    name: 'calls itself sign-based in its record',
    make: engineMutant(
      (base) =>
        class extends base {
          override describe(): OptimizerRecord {
            const record = super.describe();
            return { ...record, capabilities: { ...record.capabilities, signBased: true } };
          }
        },
    ),
    breaks: ['capabilities', 'extremes'],
  },
  {
    name: 'is not the class that tfjs loads under its name',
    make: () => {
      const mutant = engineMutant((base) => class extends base {})();
      class Impostor extends tf.AdamOptimizer {
        static override get className(): string {
          return mutant.className;
        }
      }
      tf.serialization.registerClass(Impostor as never);
      return mutant;
    },
    breaks: ['layers model'],
  },
];
