import type { Trajectory } from './trajectory.ts';

/** Kept or recorded state of one parameter, by slot. */
export type SlotNumbers = Readonly<Record<string, ArrayLike<number>>>;

type Kind = 'parameters' | 'averages' | 'state';

/** How far a replayed run is from the recorded one: differences relative to the largest recorded element of a tensor. */
export interface Deviation {
  readonly largest: number;
  /** Where the largest difference was. */
  readonly worst: string;
  /** Tensors compared. */
  readonly compared: Readonly<Record<Kind, number>>;
  /** What is kept and not recorded, or recorded and not kept. */
  readonly unmatched: readonly string[];
}

/** Collects the differences of a replay. */
export class DeviationCount {
  private largest = 0;
  private worst = 'nothing differs';
  private readonly compared = { parameters: 0, averages: 0, state: 0 };
  private readonly unmatched: string[] = [];

  constructor(
    private readonly run: Trajectory,
    private readonly uncomparedSlots: readonly string[],
  ) {}

  add(kind: Kind, where: string, actual: ArrayLike<number>, expected: readonly number[]): void {
    // One number for a whole tensor equals a list that repeats it, whichever side repeats it.
    const length = Math.max(actual.length, expected.length);
    if (![actual, expected].every((side) => side.length === length || side.length === 1)) {
      throw new Error(`${where} has ${actual.length} elements, the recorded run has ${expected.length}`);
    }
    const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
    this.compared[kind]++;
    for (let index = 0; index < length; index++) {
      const [got, wanted] = [
        actual[actual.length === 1 ? 0 : index]!,
        expected[expected.length === 1 ? 0 : index]!,
      ];
      const difference = Math.abs(got - wanted) / scale;
      // A NaN compares false with everything: count it as infinitely wrong.
      const deviation = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      if (deviation <= this.largest) continue;
      this.largest = deviation;
      this.worst = `${where}[${index}] is ${got}, recorded ${wanted}`;
    }
  }

  /** Compares the parameters, or their averages, that were recorded after a step. */
  addParameters(
    kind: 'parameters' | 'averages',
    step: number,
    numbersOf: (index: number) => ArrayLike<number>,
  ): void {
    const { steps, params, averages } = this.run.expected;
    const recorded = (kind === 'parameters' ? params : averages)?.[steps.indexOf(step)] ?? [];
    for (const [index, expected] of recorded.entries()) {
      const what = kind === 'parameters' ? '' : 'the average of ';
      this.add(kind, `${what}${this.run.params[index]!.name} after step ${step}`, numbersOf(index), expected);
    }
  }

  /**
   * Compares the state of a parameter after the last step.
   *
   * @param kept its slots and `step`, how many gradients it has received; `undefined` if it was never updated
   */
  addState(index: number, kept: SlotNumbers | undefined): void {
    const parameter = this.run.params[index]!;
    const all = kept ?? {};
    const recorded = Object.fromEntries(
      Object.entries(this.run.expected.state).map(([slot, values]) => [slot, values[index] ?? null]),
    );
    for (const slot of new Set([...Object.keys(all), ...Object.keys(recorded)])) {
      if (this.uncomparedSlots.includes(slot)) continue;
      const [actual, expected] = [all[slot], recorded[slot] ?? null];
      if (actual !== undefined && expected !== null) {
        this.add('state', `${slot} of ${parameter.name}`, actual, expected);
      } else if (actual !== undefined) {
        // Every optimizer here counts a parameter's gradients, which few codes record.
        if (slot !== 'step') this.unmatched.push(`"${slot}" of ${parameter.name} is kept and not recorded`);
      } else if (expected !== null && !(kept === undefined && expected.every((x) => x === 0))) {
        // A parameter that was never updated has no state yet; codes that make it at once record zeros.
        this.unmatched.push(`"${slot}" of ${parameter.name} is recorded and not kept`);
      }
    }
  }

  result(): Deviation {
    const { largest, worst, compared, unmatched } = this;
    return { largest, worst, compared, unmatched };
  }
}
