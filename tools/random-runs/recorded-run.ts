import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';

/** A run as record.py writes it; tensors are flat. */
export interface RecordedRun {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly maximize: boolean;
  readonly source: string;
  readonly shapes: readonly (readonly number[])[];
  readonly initial: readonly (readonly number[])[];
  readonly learningRates: readonly number[];
  readonly gradients: readonly (readonly (readonly number[] | null)[])[];
  readonly expected: readonly (readonly (readonly number[])[])[];
  readonly average?: readonly (readonly number[])[];
}

/** Where a replay was farthest from its recording. */
export interface Deviation {
  /** Relative to the largest element of the tensor; infinite where one of the two is NaN. */
  readonly largest: number;
  readonly place: string;
}

/** Replays a recorded run in float64. @returns its largest deviation from the recording, in any step */
export function replay(run: RecordedRun, rule: UpdateRule): Deviation {
  const options = { ...run.options, learningRate: (step: number) => run.learningRates[step - 1]! };
  const engine = run.maximize ? { maximize: true } : {};
  const optimizer = new Float64Optimizer([{ rule, options }], engine);
  const names = run.shapes.map((shape, index) => `${index} [${shape.join(', ')}]`);
  for (const [index, name] of names.entries()) {
    const initial = run.initial[index]!;
    optimizer.add({ name, shape: run.shapes[index]!, size: initial.length, role: 'matrix' }, initial);
  }
  let worst: Deviation = { largest: 0, place: 'nowhere' };
  const compare = (
    when: string,
    expected: readonly (readonly number[])[],
    read: (name: string) => ArrayLike<number>,
  ) => {
    for (const [index, values] of expected.entries()) {
      const name = names[index]!;
      const actual = read(name);
      const scale = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
      for (const [at, value] of values.entries()) {
        const deviation = Math.abs(actual[at]! - value) / scale;
        const largest = Number.isNaN(deviation) ? Number.POSITIVE_INFINITY : deviation;
        if (largest > worst.largest) {
          worst = {
            largest,
            place: `${when}, parameter ${name}, element ${at}: ${actual[at]} instead of ${value}`,
          };
        }
      }
    }
  };
  for (const [index, gradients] of run.gradients.entries()) {
    optimizer.step(Object.fromEntries(names.map((name, i) => [name, gradients[i] ?? null])));
    compare(`step ${index + 1}`, run.expected[index]!, (name) => optimizer.value(name));
  }
  if (run.average !== undefined) compare('average', run.average, (name) => optimizer.average(name));
  return worst;
}
