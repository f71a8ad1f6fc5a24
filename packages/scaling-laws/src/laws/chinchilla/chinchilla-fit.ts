import { trainingFlops } from '../../compute.ts';
import { intervalOf } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type { Estimate, HeldOutGoodness, LawChart, LawFit, Prediction, Suggestion } from '../../law.ts';
import { checkQuery } from '../../law-options.ts';
import { outsideOf, rangeOf } from '../outside.ts';
import { type Allocation, flopsForLoss, optimalAllocation } from './allocation.ts';
import { chinchillaCharts } from './charts.ts';
import { chinchillaQueries, chinchillaSuggestions } from './queries.ts';
import { type ChinchillaConstants, type ChinchillaRow, chinchillaLoss } from './surface.ts';

/** Everything a fit is made of; its JSON form. */
export interface ChinchillaRecord {
  readonly law: 'chinchilla';
  readonly version: 1;
  readonly constants: ChinchillaConstants;
  readonly objective: number;
  readonly delta: number;
  readonly confidence: number;
  /** Constants of the bootstrap's resamples. */
  readonly samples: readonly ChinchillaConstants[];
  readonly warnings: readonly string[];
  readonly fitted: readonly ChinchillaRow[];
  readonly heldOut: readonly ChinchillaRow[];
}

const meanings = {
  E: 'loss that no model size and no data removes, nats/token',
  A: 'scale of the loss from too few parameters: A / N^alpha',
  alpha: 'exponent of the parameters',
  B: 'scale of the loss from too few tokens: B / D^beta',
  beta: 'exponent of the tokens',
};

/** A fitted L(N, D) = E + A / N^alpha + B / D^beta. */
export class ChinchillaFit implements LawFit {
  readonly law = 'chinchilla';
  readonly parameters: readonly Estimate[];
  readonly constants: ChinchillaConstants;
  readonly objective: number;
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];

  constructor(private readonly record: ChinchillaRecord) {
    this.constants = record.constants;
    this.objective = record.objective;
    this.warnings = record.warnings;
    this.goodness = this.goodnessOn(record.fitted);
    if (record.heldOut.length > 0) {
      const computes = record.heldOut.map(trainingFlops);
      this.holdOut = {
        ...this.goodnessOn(record.heldOut),
        largestFitted: largest(record.fitted.map(trainingFlops)),
        smallestHeldOut: -largest(computes.map((flops) => -flops)),
        largestHeldOut: largest(computes),
      };
    }
    this.parameters = [
      ...(['E', 'A', 'alpha', 'B', 'beta'] as const).map((name) => ({
        name,
        meaning: meanings[name],
        ...this.estimate((constants) => constants[name]),
      })),
      {
        name: 'sizeExponent',
        meaning: 'exponent of the compute in the best size: N ~ C^(beta / (alpha + beta))',
        ...this.estimate(({ alpha, beta }) => beta / (alpha + beta)),
      },
      {
        name: 'tokenExponent',
        meaning: 'exponent of the compute in the best number of tokens: D ~ C^(alpha / (alpha + beta))',
        ...this.estimate(({ alpha, beta }) => alpha / (alpha + beta)),
      },
    ];
  }

  /** Loss in nats per token of a run of that size and so many tokens. */
  loss(run: { readonly parameters: number; readonly tokens: number }): number {
    return chinchillaLoss(this.constants, run);
  }

  /** The parameters and tokens of lowest loss under C = 6 N D FLOPs. */
  optimum(flops: number): Allocation {
    return optimalAllocation(this.constants, flops);
  }

  /** The loss of `{ parameters, tokens }`. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery('chinchilla', chinchillaQueries, query);
    const run = { parameters: query.parameters!, tokens: query.tokens! };
    return {
      values: [
        { name: 'loss', unit: 'nats/token', ...this.bounded((constants) => chinchillaLoss(constants, run)) },
      ],
      warnings: this.outside(run),
    };
  }

  /** The best size and tokens for `{ flops }`, or for the least compute that reaches `{ loss }`. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery('chinchilla', chinchillaSuggestions, query);
    const { flops, loss } = query;
    if ((flops === undefined) === (loss === undefined)) {
      throw new Error('chinchilla: suggest takes either flops or loss');
    }
    const budget = (constants: ChinchillaConstants) => flops ?? flopsForLoss(constants, loss!);
    const best = (constants: ChinchillaConstants) => optimalAllocation(constants, budget(constants));
    const chosen = best(this.constants);
    return {
      settings: [
        { name: 'parameters', unit: 'parameters', ...this.bounded((c) => best(c).parameters) },
        { name: 'tokens', unit: 'tokens', ...this.bounded((c) => best(c).tokens) },
      ],
      expected: [
        { name: 'loss', unit: 'nats/token', ...this.bounded((c) => best(c).loss) },
        { name: 'flops', unit: 'FLOPs', ...this.bounded(budget) },
      ],
      reason: 'the lowest loss of the fitted surface where 6 N D is the compute',
      warnings: this.outside(chosen),
    };
  }

  get charts(): readonly LawChart[] {
    return chinchillaCharts(this.constants, this.record.fitted, this.record.heldOut);
  }

  toJSON(): ChinchillaRecord {
    return this.record;
  }

  private goodnessOn(rows: readonly ChinchillaRow[]): Goodness {
    return goodnessOf(
      rows.map(({ loss }) => loss),
      rows.map((row) => this.loss(row)),
    );
  }

  private estimate(of: (constants: ChinchillaConstants) => number): Pick<Estimate, 'value' | 'interval'> {
    const interval = this.interval(of);
    return { value: of(this.constants), ...(interval ? { interval } : {}) };
  }

  private bounded(of: (constants: ChinchillaConstants) => number): {
    value: number;
    low?: number;
    high?: number;
  } {
    const interval = this.interval(of);
    return { value: of(this.constants), ...(interval ? { low: interval.low, high: interval.high } : {}) };
  }

  private interval(of: (constants: ChinchillaConstants) => number) {
    const { samples, confidence } = this.record;
    // A resample whose E lies above a wanted loss has no answer, and counts as an infinite one.
    const values = samples.map((constants) => {
      try {
        return of(constants);
      } catch {
        return Number.POSITIVE_INFINITY;
      }
    });
    return samples.length > 0 ? intervalOf(values, confidence) : undefined;
  }

  private outside(run: { readonly parameters: number; readonly tokens: number }): string[] {
    return (['parameters', 'tokens'] as const).flatMap((name) =>
      outsideOf({ value: run[name], name, ...rangeOf(this.record.fitted.map((row) => row[name])) }),
    );
  }
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
