import { intervalOf } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type {
  Estimate,
  HeldOutGoodness,
  LawChart,
  LawFit,
  PredictedValue,
  Prediction,
  QuerySpec,
  Suggestion,
} from '../../law.ts';
import { checkQuery } from '../../law-options.ts';
import { computeOptimalCharts } from './charts.ts';
import { lossAt } from './loss-of-compute.ts';
import type { ComputeOptimalConstants, ComputeOptimalRecord, Optimum } from './record.ts';

export const computeOptimalQueries: readonly QuerySpec[] = [
  { name: 'flops', meaning: 'training compute to spend' },
];

/** Compute-optimal size, tokens and loss as functions of compute. */
export class ComputeOptimalFit implements LawFit {
  readonly law: 'isoflop' | 'envelope';
  readonly parameters: readonly Estimate[];
  readonly constants: ComputeOptimalConstants;
  /** The weighted sum of squared residuals of log N*. */
  readonly objective: number;
  /** Of N*, against the best size found at each compute. */
  readonly goodness: Goodness;
  /** Of N* at the held-out computes. */
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];
  /** The best size found at each compute fitted on. */
  readonly optima: readonly Optimum[];

  constructor(private readonly record: ComputeOptimalRecord) {
    const { constants, fitted, heldOut } = record;
    this.law = record.law;
    this.constants = constants;
    this.warnings = record.warnings;
    this.optima = fitted;
    this.goodness = this.goodnessOn(fitted);
    if (heldOut.length > 0) {
      this.holdOut = {
        ...this.goodnessOn(heldOut),
        quantity: 'parameters',
        largestFitted: fitted.at(-1)!.flops,
        smallestHeldOut: heldOut[0]!.flops,
        largestHeldOut: heldOut.at(-1)!.flops,
      };
    }
    this.objective = fitted.reduce((sum, { flops, parameters, logStandardError }) => {
      const residual = Math.log(sizeAt(constants, flops) / parameters);
      return sum + (residual / logStandardError) ** 2;
    }, 0);
    this.parameters = estimated.map(({ name, meaning, of }) => {
      const interval = this.interval(of);
      return { name, meaning, value: of(constants), ...(interval ? { interval } : {}) };
    });
  }

  /** N*, D* and the loss at `{ flops }`. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    const { settings, expected, warnings } = this.suggest(query);
    return { values: [...settings, ...expected], warnings };
  }

  /** The size and tokens to train with `{ flops }`. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery(this.law, computeOptimalQueries, query);
    const flops = query.flops!;
    const largest = this.optima.at(-1)!.flops;
    const smallest = this.optima[0]!.flops;
    const outside = flops > largest ? flops / largest : flops < smallest ? smallest / flops : undefined;
    return {
      settings: [
        this.bounded('parameters', 'parameters', (constants) => sizeAt(constants, flops)),
        this.bounded('tokens', 'tokens', (constants) => tokensAt(constants, flops)),
      ],
      expected: [this.bounded('loss', 'nats/token', ({ loss }) => lossAt(loss, flops))],
      reason: 'the line through the sizes of lowest loss',
      warnings:
        outside === undefined
          ? []
          : [
              `${flops.toPrecision(2)} FLOPs are ${outside.toPrecision(2)} times ${
                flops > largest ? 'the largest' : 'below the smallest'
              } compute fitted on`,
            ],
    };
  }

  get charts(): readonly LawChart[] {
    return computeOptimalCharts(this.record, (flops) => sizeAt(this.constants, flops));
  }

  toJSON(): ComputeOptimalRecord {
    return this.record;
  }

  private goodnessOn(optima: readonly Optimum[]): Goodness {
    return goodnessOf(
      optima.map(({ parameters }) => parameters),
      optima.map(({ flops }) => sizeAt(this.constants, flops)),
    );
  }

  private bounded(
    name: string,
    unit: string,
    of: (constants: ComputeOptimalConstants) => number,
  ): PredictedValue {
    const interval = this.interval(of);
    const value = of(this.constants);
    return { name, unit, value, ...(interval ? { low: interval.low, high: interval.high } : {}) };
  }

  private interval(of: (constants: ComputeOptimalConstants) => number) {
    const { samples, confidence } = this.record;
    return samples.length > 1 ? intervalOf(samples.map(of), confidence) : undefined;
  }
}

const estimated: readonly {
  name: string;
  meaning: string;
  of: (constants: ComputeOptimalConstants) => number;
}[] = [
  {
    name: 'sizeExponent',
    meaning: 'exponent of the compute in the best size',
    of: ({ sizeExponent }) => sizeExponent,
  },
  {
    name: 'sizeCoefficient',
    meaning: 'best size at 1 FLOP: N* = coefficient C^exponent',
    of: ({ sizeCoefficient }) => sizeCoefficient,
  },
  {
    name: 'tokenExponent',
    meaning: 'exponent of the compute in the best number of tokens',
    of: ({ tokenExponent }) => tokenExponent,
  },
  {
    name: 'tokenCoefficient',
    meaning: 'best number of tokens at 1 FLOP: D* = coefficient C^exponent',
    of: ({ tokenCoefficient }) => tokenCoefficient,
  },
  { name: 'E', meaning: 'loss that no compute removes, nats/token', of: ({ loss }) => loss.E },
  { name: 'A', meaning: 'scale of the loss from too little compute: A / C^alpha', of: ({ loss }) => loss.A },
  { name: 'alpha', meaning: 'exponent of the compute in the loss', of: ({ loss }) => loss.alpha },
];

function sizeAt({ sizeCoefficient, sizeExponent }: ComputeOptimalConstants, flops: number): number {
  return sizeCoefficient * flops ** sizeExponent;
}

function tokensAt({ tokenCoefficient, tokenExponent }: ComputeOptimalConstants, flops: number): number {
  return tokenCoefficient * flops ** tokenExponent;
}
