import { intervalOf } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type {
  Estimate,
  HeldOutGoodness,
  LawChart,
  LawFit,
  PredictedValue,
  Prediction,
  Suggestion,
} from '../../law/law.ts';
import { checkQuery } from '../../law/law-options.ts';
import { outsideOf, rangeOf } from '../../law/outside.ts';
import { adaptiveShapesCharts } from './charts.ts';
import type { Floor, ShapeRow } from './coordinates.ts';
import { adaptiveShapesQueries, adaptiveShapesSuggestions } from './queries.ts';
import { type ShapeLaw, shapeLoss } from './shape-law.ts';
import {
  optimalTraversal,
  type ShapeSaving,
  savingAgainst,
  type Traversal,
  type TraversalEnd,
} from './traversal.ts';

/** Everything a fit is made of; its JSON form. */
export interface AdaptiveShapesRecord {
  readonly law: 'adaptive-shapes';
  readonly version: 1;
  readonly floor: Floor;
  /** Ascending in shape. */
  readonly laws: readonly ShapeLaw[];
  readonly objective: number;
  readonly confidence: number;
  /** Laws of the bootstrap's resamples. */
  readonly samples: readonly (readonly ShapeLaw[])[];
  readonly warnings: readonly string[];
  readonly fitted: readonly ShapeRow[];
  readonly heldOut: readonly ShapeRow[];
}

const meanings = {
  a: 'scale of the loss above the floor',
  b: 'exponent of the compute',
  c: 'loss that no compute removes, nats/token',
  d: 'compute that the untrained model is ahead by, FLOPs',
};

/** Fitted laws f(C) = a (C + d)^-b + c, one a shape, and the way of least compute through them. */
export class AdaptiveShapesFit implements LawFit {
  readonly law = 'adaptive-shapes';
  readonly parameters: readonly Estimate[];
  /** Ascending in shape. */
  readonly laws: readonly ShapeLaw[];
  readonly objective: number;
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];

  constructor(private readonly record: AdaptiveShapesRecord) {
    const { laws, fitted, heldOut } = record;
    this.laws = laws;
    this.objective = record.objective;
    this.warnings = record.warnings;
    this.goodness = this.goodnessOn(fitted);
    if (heldOut.length > 0) {
      this.holdOut = {
        ...this.goodnessOn(heldOut),
        largestFitted: Math.max(...fitted.map(({ flops }) => flops)),
        smallestHeldOut: Math.min(...heldOut.map(({ flops }) => flops)),
        largestHeldOut: Math.max(...heldOut.map(({ flops }) => flops)),
      };
    }
    this.parameters = laws.flatMap(({ shape }, index) =>
      (['a', 'b', 'c', 'd'] as const).map((name) => ({
        name: `${name}(${shape})`,
        meaning: meanings[name],
        ...this.estimate((sample) => sample[index]![name]),
      })),
    );
  }

  /** Loss in nats per token after so many FLOPs in one shape. */
  loss(row: { readonly shape: number; readonly flops: number }): number {
    return shapeLoss(this.lawOf(row.shape), row.flops);
  }

  /**
   * The traversal of least compute, which changes shape from the highest fitted loss on.
   *
   * @throws Error when no shape reaches the loss asked for
   */
  traversal(end: TraversalEnd): Traversal {
    return optimalTraversal(this.laws, this.highestLoss, end);
  }

  /** What a traversal saves against each shape by itself. */
  savings(traversal: Traversal): ShapeSaving[] {
    return this.laws.map((law) => savingAgainst(law, traversal));
  }

  /** The loss after `{ flops }` in one `shape`, or along the traversal where none is given. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery('adaptive-shapes', adaptiveShapesQueries, query);
    const { flops, shape } = query as { flops: number; shape?: number };
    const index = shape === undefined ? -1 : this.laws.indexOf(this.lawOf(shape));
    const loss = (laws: readonly ShapeLaw[]) =>
      index < 0 ? optimalTraversal(laws, this.highestLoss, { flops }).loss : shapeLoss(laws[index]!, flops);
    return {
      values: [{ name: 'loss', unit: 'nats/token', ...this.bounded(loss) }],
      warnings: this.beyond(flops),
    };
  }

  /** The traversal to `{ loss }`, or the one that spends `{ flops }`. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery('adaptive-shapes', adaptiveShapesSuggestions, query);
    const { flops, loss } = query;
    if ((flops === undefined) === (loss === undefined)) {
      throw new Error('adaptive-shapes: suggest takes either flops or loss');
    }
    const end = flops === undefined ? { loss: loss! } : { flops };
    const traversal = this.traversal(end);
    const again = (laws: readonly ShapeLaw[]) => optimalTraversal(laws, this.highestLoss, end);
    let spent = 0;
    return {
      settings: traversal.segments.flatMap((segment, index) => {
        spent += segment.flops;
        return [
          { name: `shape ${index + 1}`, unit: '', value: segment.shape },
          { name: `until ${index + 1}`, unit: 'FLOPs', value: spent },
        ];
      }),
      expected: [
        { name: 'loss', unit: 'nats/token', ...this.bounded((laws) => again(laws).loss) },
        { name: 'flops', unit: 'FLOPs', ...this.bounded((laws) => again(laws).flops) },
        ...this.laws.map(({ shape }, index) => ({
          name: `saved against shape ${shape}`,
          unit: '',
          ...this.bounded((laws) => savingAgainst(laws[index]!, again(laws)).saved),
        })),
      ],
      reason: 'at every loss the shape whose law falls fastest per FLOP, the largest d f^-1 / dE',
      warnings: [...this.beyond(traversal.flops), ...this.unreached(end)],
    };
  }

  get charts(): readonly LawChart[] {
    const { fitted, heldOut } = this.record;
    return adaptiveShapesCharts(this.laws, this.highestLoss, fitted, heldOut);
  }

  toJSON(): AdaptiveShapesRecord {
    return this.record;
  }

  private get highestLoss(): number {
    return Math.max(...this.record.fitted.map(({ loss }) => loss));
  }

  private lawOf(shape: number): ShapeLaw {
    const law = this.laws.find((candidate) => candidate.shape === shape);
    if (law) return law;
    const shapes = this.laws.map((known) => known.shape).join(', ');
    throw new Error(`adaptive-shapes: there is no law of shape ${shape}, only of ${shapes}`);
  }

  private goodnessOn(rows: readonly ShapeRow[]): Goodness {
    return goodnessOf(
      rows.map(({ loss }) => loss),
      rows.map((row) => this.loss(row)),
    );
  }

  private estimate(of: (laws: readonly ShapeLaw[]) => number): Pick<Estimate, 'value' | 'interval'> {
    const interval = this.interval(of);
    return { value: of(this.laws), ...(interval ? { interval } : {}) };
  }

  private bounded(of: (laws: readonly ShapeLaw[]) => number): Omit<PredictedValue, 'name' | 'unit'> {
    const interval = this.interval(of);
    return { value: of(this.laws), ...(interval ? { low: interval.low, high: interval.high } : {}) };
  }

  private interval(of: (laws: readonly ShapeLaw[]) => number) {
    const values = this.record.samples.flatMap((laws) => {
      try {
        return [of(laws)];
      } catch {
        return [];
      }
    });
    return values.length > 1 ? intervalOf(values, this.record.confidence) : undefined;
  }

  /** A resample whose floors all lie above the loss has no answer, and no part in the intervals. */
  private unreached(end: TraversalEnd): string[] {
    const { samples } = this.record;
    const without = samples.filter(
      (laws) => 'loss' in end && end.loss <= Math.min(...laws.map(({ c }) => c)),
    ).length;
    if (without === 0) return [];
    return [
      `no shape reaches the loss in ${without} of ${samples.length} resamples; the intervals leave them out`,
    ];
  }

  private beyond(flops: number): readonly string[] {
    const range = rangeOf(this.record.fitted.map((row) => row.flops));
    return outsideOf({ value: flops, name: 'FLOPs', ...range });
  }
}
