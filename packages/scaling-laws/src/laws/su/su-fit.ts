import { intervalOf } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type { Estimate, HeldOutGoodness, LawChart, LawFit, Prediction, Suggestion } from '../../law/law.ts';
import { checkQuery } from '../../law/law-options.ts';
import { suCharts } from './charts.ts';
import { computeOf, type SuRow } from './coordinates.ts';
import { suQueries, suSuggestions } from './queries.ts';
import type { BatchTerm } from './terms.ts';
import {
  criticalBatch,
  minimumLoss,
  minimumSteps,
  minimumTokens,
  type SuConstants,
  stepsToLoss,
  type TrainingPoint,
  tokensToLoss,
  trajectoryLoss,
} from './trajectory.ts';

/** Everything a fit is made of; its JSON form. */
export interface SuRecord {
  readonly law: 'su';
  readonly version: 1;
  readonly constants: SuConstants;
  /** The estimates term by term, from which the fit of all of them together started. */
  readonly separate: { readonly constants: SuConstants; readonly batch: BatchTerm };
  readonly objective: number;
  readonly confidence: number;
  /** Constants of the bootstrap's resamples. */
  readonly samples: readonly SuConstants[];
  readonly warnings: readonly string[];
  readonly fitted: readonly SuRow[];
  readonly heldOut: readonly SuRow[];
}

const meanings: Readonly<Record<keyof SuConstants, string>> = {
  Nc: 'scale of the loss that a model comes down to, parameters: (Nc / N)^alphaN',
  alphaN: 'exponent of the parameters',
  Sc: 'scale of the loss left after so many steps of a boundless batch, steps: (Sc / Smin)^alphaS',
  alphaS: 'exponent of the steps',
  Bstar: 'critical batch at a loss of 1 nat, tokens: Bstar / L^(1 / alphaB)',
  alphaB: 'inverse exponent of the loss in the critical batch',
};

/** The law of Kaplan et al. 2020 and Su et al. 2024, fitted on loss curves. */
export class SuFit implements LawFit {
  readonly law = 'su';
  readonly parameters: readonly Estimate[];
  readonly constants: SuConstants;
  /** The estimates term by term, from which the fit of all of them together started. */
  readonly separate: SuRecord['separate'];
  readonly objective: number;
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];

  constructor(private readonly record: SuRecord) {
    const { constants, separate, objective, warnings, fitted, heldOut } = record;
    this.constants = constants;
    this.separate = separate;
    this.objective = objective;
    this.warnings = warnings;
    this.goodness = this.goodnessOn(fitted);
    if (heldOut.length > 0) {
      const [seen, unseen] = [fitted.map(computeOf), heldOut.map(computeOf)];
      this.holdOut = {
        ...this.goodnessOn(heldOut),
        largestFitted: Math.max(...seen),
        smallestHeldOut: Math.min(...unseen),
        largestHeldOut: Math.max(...unseen),
      };
    }
    this.parameters = (Object.keys(meanings) as (keyof SuConstants)[]).map((name) => {
      const interval = this.interval((constants) => constants[name]);
      return { name, value: constants[name], meaning: meanings[name], ...(interval ? { interval } : {}) };
    });
  }

  /**
   * Loss in nats per token of a run that has come so far, with the interval in which its measurement lies: the resamples'
   * spread, and the scatter of the fitted losses around the law.
   */
  loss(point: TrainingPoint): { readonly value: number; readonly low?: number; readonly high?: number } {
    const value = trajectoryLoss(this.constants, point);
    const interval = this.interval((constants) => trajectoryLoss(constants, point));
    if (interval === undefined) return { value };
    const scatter = 1.96 * this.goodness.rootMeanSquareLogError;
    return {
      value,
      low: value * Math.exp(-Math.hypot(Math.max(0, Math.log(value / interval.low)), scatter)),
      high: value * Math.exp(Math.hypot(Math.max(0, Math.log(interval.high / value)), scatter)),
    };
  }

  /**
   * Of `{ parameters, steps, batchTokens }` the loss; of `{ parameters, loss, batchTokens }` the steps and tokens to it; of
   * `{ parameters, loss }` the fewest of both; of `{ parameters }` the loss that the model comes down to.
   */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery('su', suQueries, query);
    const { parameters = 0, steps, loss, batchTokens } = query;
    const warnings = this.outside({ parameters, steps, batchTokens });
    if (steps !== undefined && loss !== undefined)
      throw new Error('su: ask with steps or with loss, not both');
    if (steps !== undefined) {
      if (batchTokens === undefined)
        throw new Error('su: the loss after so many steps depends on batchTokens too');
      const at = this.loss({ parameters, steps, batchTokens });
      return {
        values: [
          { name: 'loss', unit: 'nats/token', ...at },
          this.bounded('criticalBatch', 'tokens', (own) => criticalBatch(own, at.value)),
          this.bounded('minimumLoss', 'nats/token', (own) => minimumLoss(own, parameters)),
        ],
        warnings,
      };
    }
    if (loss === undefined) {
      const values = [this.bounded('minimumLoss', 'nats/token', (own) => minimumLoss(own, parameters))];
      return { values, warnings };
    }
    const goal = { parameters, loss };
    const way =
      batchTokens === undefined
        ? [
            this.bounded('minimumSteps', 'steps', (own) => minimumSteps(own, goal)),
            this.bounded('minimumTokens', 'tokens', (own) => minimumTokens(own, goal)),
          ]
        : [
            this.bounded('steps', 'steps', (own) => stepsToLoss(own, { ...goal, batchTokens })),
            this.bounded('tokens', 'tokens', (own) => tokensToLoss(own, { ...goal, batchTokens })),
          ];
    const critical = this.bounded('criticalBatch', 'tokens', (own) => criticalBatch(own, loss));
    return { values: [...way, critical], warnings };
  }

  /** The batch to reach `{ parameters, loss }` with: the critical one. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery('su', suSuggestions, query);
    const goal = { parameters: query.parameters!, loss: query.loss! };
    return {
      settings: [this.bounded('batchTokens', 'tokens', (own) => criticalBatch(own, goal.loss))],
      expected: [
        this.bounded('steps', 'steps', (own) => 2 * minimumSteps(own, goal)),
        this.bounded('tokens', 'tokens', (own) => 2 * minimumTokens(own, goal)),
      ],
      reason: 'the critical batch: twice the fewest steps and twice the fewest tokens to the loss',
      warnings: this.outside({ parameters: goal.parameters }),
    };
  }

  get charts(): readonly LawChart[] {
    return suCharts(this.constants, this.record.fitted, this.record.heldOut);
  }

  toJSON(): SuRecord {
    return this.record;
  }

  private goodnessOn(rows: readonly SuRow[]): Goodness {
    return goodnessOf(
      rows.map(({ loss }) => loss),
      rows.map((row) => trajectoryLoss(this.constants, row)),
    );
  }

  private bounded(name: string, unit: string, of: (constants: SuConstants) => number) {
    const interval = this.interval(of);
    const bounds = interval ? { low: interval.low, high: interval.high } : {};
    return { name, unit, value: of(this.constants), ...bounds };
  }

  private interval(of: (constants: SuConstants) => number) {
    const { samples, confidence } = this.record;
    if (samples.length === 0) return undefined;
    const values = samples.map((constants) => {
      try {
        return of(constants);
      } catch {
        // By these constants the model never comes down to the loss.
        return Number.POSITIVE_INFINITY;
      }
    });
    return intervalOf(values, confidence);
  }

  private outside(asked: Readonly<Partial<Record<keyof TrainingPoint, number | undefined>>>): string[] {
    return Object.entries(asked).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const values = this.record.fitted.map((row) => row[name as keyof TrainingPoint]);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const times = (factor: number) => `${name} ${value} is ${factor.toPrecision(2)} times`;
      if (value > high) return [`${times(value / high)} the most fitted on`];
      return value < low ? [`${times(low / value)} below the least fitted on`] : [];
    });
  }
}
