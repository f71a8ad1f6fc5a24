import type { GradientInput, OptimizerState } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { engineMutant, type Mutation } from './mutation.ts';

type Entry = readonly [name: string, gradient: tf.Tensor | null | undefined];

/** The gradients in the order in which they came. */
function entriesOf(input: GradientInput): Entry[] {
  return Array.isArray(input)
    ? input.map(({ name, tensor }): Entry => [name, tensor])
    : Object.entries(input as Readonly<Record<string, tf.Tensor | null | undefined>>);
}

function withSlots(
  state: OptimizerState,
  change: (slots: OptimizerState['parameters'][string]['slots']) => Record<string, unknown>,
): OptimizerState {
  const parameters = Object.entries(state.parameters).map(([name, parameter]) => {
    return [name, { ...parameter, slots: change(parameter.slots) }];
  });
  return { ...state, parameters: Object.fromEntries(parameters) } as OptimizerState;
}

/** Mistakes in what is kept, and for which variable. */
export const stateMutations: readonly Mutation[] = [
  {
    name: 'indexes state by position, as tfjs does',
    make: engineMutant(
      (base) =>
        class extends base {
          private names: string[] | undefined;
          override applyGradients(input: GradientInput): void {
            const entries = entriesOf(input);
            this.names ??= entries.map(([name]) => name);
            const variables = tf.engine().registeredVariables;
            super.applyGradients(
              entries.map(([name, tensor], index) => {
                const other = this.names![index] ?? name;
                const fits = tensor?.shape.join() === variables[other]?.shape.join();
                return { name: fits ? other : name, tensor: tensor ?? null };
              }),
            );
          }
        },
    ),
    breaks: ['gradients'],
  },
  {
    name: 'lets the order of the gradients matter',
    make: engineMutant(
      (base) =>
        class extends base {
          override applyGradients(input: GradientInput): void {
            tf.tidy(() =>
              super.applyGradients(
                entriesOf(input).map(([name, tensor], index) => ({
                  name,
                  tensor: tensor ? tf.mul(tensor, 1 + index * 2 ** -20) : null,
                })),
              ),
            );
          }
        },
    ),
    breaks: ['interpreters', 'shapes', 'gradients', 'groups', 'accumulation', 'clipping'],
  },
  {
    name: 'takes a null gradient for zeros',
    make: engineMutant(
      (base) =>
        class extends base {
          override applyGradients(input: GradientInput): void {
            const variables = tf.engine().registeredVariables;
            tf.tidy(() =>
              super.applyGradients(
                entriesOf(input).map(([name, tensor]) => ({
                  name,
                  tensor: tensor ?? tf.zerosLike(variables[name]!),
                })),
              ),
            );
          }
        },
    ),
    breaks: ['golden', 'gradients'],
  },
  {
    name: 'takes a zero gradient for a missing one',
    make: engineMutant(
      (base) =>
        class extends base {
          override applyGradients(input: GradientInput): void {
            const given = entriesOf(input).filter(([, tensor]) => tensor?.dataSync().some((x) => x !== 0));
            super.applyGradients(Object.fromEntries(given));
          }
        },
    ),
    breaks: ['golden', 'gradients'],
  },
  {
    name: 'leaks a tensor in every step',
    make: engineMutant(
      (base) =>
        class extends base {
          override applyGradients(input: GradientInput): void {
            super.applyGradients(input);
            tf.keep(tf.scalar(0));
          }
        },
    ),
    breaks: ['memory', 'layers model'],
  },
  {
    name: 'leaks a tensor in every save',
    make: engineMutant(
      (base) =>
        class extends base {
          override async getWeights() {
            const weights = await super.getWeights();
            return weights.map(({ name, tensor }) => ({ name, tensor: tf.keep(tf.clone(tensor)) }));
          }
        },
    ),
    breaks: ['memory'],
  },
  {
    name: 'keeps its state when disposed',
    make: engineMutant(
      (base) =>
        class extends base {
          override dispose(): void {}
        },
    ),
    breaks: ['memory', 'layers model'],
  },
  {
    name: 'loses a slot when saved',
    make: engineMutant(
      (base) =>
        class extends base {
          override async state() {
            return withSlots(await super.state(), ({ momentum: _, ...slots }) => slots);
          }
        },
    ),
    breaks: [
      'capabilities',
      'golden',
      'interpreters',
      'shapes',
      'gradients',
      'resume',
      'accumulation',
      'clipping',
      'average',
      'memory',
    ],
  },
  {
    name: 'starts a slot at zero when loaded',
    make: engineMutant(
      (base) =>
        class extends base {
          override async loadState(state: OptimizerState) {
            const zeroed = withSlots(state, ({ momentum, ...slots }) => {
              if (momentum === undefined) return slots;
              return { ...slots, momentum: { ...momentum, data: momentum.data.map(() => 0) } };
            });
            await super.loadState(zeroed);
          }
        },
    ),
    breaks: ['shapes', 'resume', 'released states', 'accumulation', 'average'],
  },
  {
    name: 'forgets the parameters’ step counts when loaded',
    make: engineMutant(
      (base) =>
        class extends base {
          override async loadState(state: OptimizerState) {
            const parameters = Object.entries(state.parameters).map(([name, { slots }]) => {
              return [name, { step: 0, slots }] as const;
            });
            await super.loadState({ ...state, parameters: Object.fromEntries(parameters) });
          }
        },
    ),
    breaks: ['shapes', 'resume', 'released states', 'accumulation', 'average'],
  },
  {
    name: 'forgets the optimizer’s step when loaded',
    make: engineMutant(
      (base) =>
        class extends base {
          override async loadState(state: OptimizerState) {
            await super.loadState({ ...state, step: 0 });
          }
        },
    ),
    breaks: ['resume', 'released states', 'non-finite gradients'],
  },
  {
    name: 'forgets the gradients accumulated so far when saved',
    make: engineMutant(
      (base) =>
        class extends base {
          override async state() {
            const { microStep: _, ...state } = await super.state();
            return withSlots(state, ({ accumulatedGradient: __, ...slots }) => slots);
          }
        },
    ),
    breaks: ['accumulation'],
  },
  {
    name: 'saves numbers with three digits fewer',
    make: engineMutant(
      (base) =>
        class extends base {
          override async state() {
            const rounded = (x: number): number => Number(x.toPrecision(5));
            return withSlots(await super.state(), (slots) =>
              Object.fromEntries(
                Object.entries(slots).map(([name, slot]) => [
                  name,
                  { ...slot, data: slot.data.map(rounded) },
                ]),
              ),
            );
          }
        },
    ),
    breaks: [
      'golden',
      'interpreters',
      'shapes',
      'gradients',
      'resume',
      'accumulation',
      'clipping',
      'average',
    ],
  },
];
