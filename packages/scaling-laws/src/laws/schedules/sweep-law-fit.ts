import { trainingFlops } from '../../compute.ts';
import { intervalOf } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type { Estimate, HeldOutGoodness, LawChart, LawFit, Prediction, Suggestion } from '../../law/law.ts';
import { checkQuery } from '../../law/law-options.ts';
import { outsideOf, rangeOf } from '../../law/outside.ts';
import {
  type ConvergenceEscapeConstants,
  convergenceEscapeFrom,
  type ScheduleOutcome,
} from './convergence-escape.ts';
import { rankSchedules } from './schedule-ranking.ts';
import type { ScheduleCandidate } from './schedule-run.ts';
import { sweepCharts } from './sweep-charts.ts';
import { candidates, meanings, sweepPredictions, sweepSuggestions } from './sweep-questions.ts';
import { describeSchedule } from './sweep-rows.ts';

/** A run as a saved fit keeps it, with what the law says of it. */
export interface RecordedRun extends ScheduleOutcome {
  readonly parameters: number;
  readonly tokens: number;
  readonly steps: number;
  readonly peak: number;
  /** `null` where it diverged. */
  readonly measured: number | null;
}

/** Everything a fit is made of; its JSON form. */
export interface SweepLawRecord {
  readonly law: 'convergence-escape';
  readonly version: 1;
  readonly constants: ConvergenceEscapeConstants;
  /** Constants of the bootstrap's resamples. */
  readonly samples: readonly ConvergenceEscapeConstants[];
  readonly confidence: number;
  readonly objective: number;
  readonly warnings: readonly string[];
  readonly fitted: readonly RecordedRun[];
  readonly heldOut: readonly RecordedRun[];
}

/** A fitted law of how schedules end: the final loss, and whether a run diverges. */
export class SweepLawFit implements LawFit {
  readonly law = 'convergence-escape';
  readonly constants: ConvergenceEscapeConstants;
  readonly parameters: readonly Estimate[];
  readonly objective: number;
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];

  constructor(private readonly record: SweepLawRecord) {
    const { constants, objective, warnings, fitted, heldOut } = record;
    this.constants = constants;
    this.objective = objective;
    this.warnings = warnings;
    this.goodness = goodnessOn(fitted);
    if (heldOut.some(({ measured }) => measured !== null)) {
      const computes = heldOut.map((run) => trainingFlops(run));
      this.holdOut = {
        ...goodnessOn(heldOut),
        quantity: 'loss of the runs that did not diverge',
        largestFitted: Math.max(...fitted.map((run) => trainingFlops(run))),
        smallestHeldOut: Math.min(...computes),
        largestHeldOut: Math.max(...computes),
      };
    }
    this.parameters = meanings.map(({ name, meaning, of }) => {
      const interval = this.interval(of);
      return { name, meaning, value: of(constants), ...(interval ? { interval } : {}) };
    });
  }

  /** The final loss of a schedule, if it does not diverge, and the probability that it does. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery(this.law, sweepPredictions, query);
    const asked = query as {
      parameters: number;
      batchTokens: number;
      totalSteps: number;
      learningRate: number;
    };
    const row = {
      ...query,
      ...asked,
      schedule: query.decaySteps === undefined ? 'cosine' : 'warmupStableDecay',
    };
    const candidate = candidateOf({ ...asked, description: describeSchedule(row, this.law) });
    return { values: this.outcome(candidate), warnings: this.outside(asked.learningRate, asked) };
  }

  /** The schedule of lowest predicted loss among usual ones that hardly ever diverge. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery(this.law, sweepSuggestions, query);
    const asked = query as { parameters: number; batchTokens: number; totalSteps: number };
    const tried = candidates(asked.totalSteps, this.peaks).map((row) => ({
      ...candidateOf({ ...asked, description: describeSchedule(row, this.law) }),
      row,
    }));
    const ranked = rankSchedules(convergenceEscapeFrom(this.constants), tried);
    const safe = ranked.find(({ divergence }) => divergence <= mostRisk);
    const safest = () => ranked.reduce((least, own) => (own.divergence < least.divergence ? own : least));
    const { candidate } = safe ?? safest();
    const { learningRate, warmupSteps, decaySteps } = candidate.row;
    return {
      settings: [
        { name: 'learningRate', value: learningRate, unit: '' },
        { name: 'warmupSteps', value: warmupSteps, unit: 'steps' },
        { name: 'decaySteps', value: decaySteps ?? asked.totalSteps - warmupSteps, unit: 'steps' },
      ],
      expected: this.outcome(candidate),
      reason:
        `the lowest predicted loss of ${tried.length} schedules, cosines and constant rates with a straight decay, ` +
        `that diverge with a probability of at most ${mostRisk}`,
      schedule: describeSchedule(candidate.row, this.law),
      warnings: [
        ...(safe
          ? []
          : [`every schedule tried diverges with a probability above ${mostRisk}; this one least`]),
        ...(this.peaks.some((peak) => Math.abs(Math.log(learningRate / peak)) < 1e-9)
          ? ['the learning rate is at the edge of those fitted on']
          : []),
        ...this.outside(learningRate, asked),
      ],
    };
  }

  get charts(): readonly LawChart[] {
    return sweepCharts(this.record.fitted, this.record.heldOut);
  }

  toJSON(): SweepLawRecord {
    return this.record;
  }

  /** The smallest and the largest peak fitted on. */
  private get peaks(): readonly [number, number] {
    const peaks = this.record.fitted.map(({ peak }) => peak);
    return [Math.min(...peaks), Math.max(...peaks)];
  }

  private outcome(candidate: ScheduleCandidate): Prediction['values'] {
    const bounded = (of: (outcome: ScheduleOutcome) => number) => {
      const said = (constants: ConvergenceEscapeConstants) =>
        of(convergenceEscapeFrom(constants).predict(candidate));
      const interval = this.interval(said);
      return { value: said(this.constants), ...(interval ? { low: interval.low, high: interval.high } : {}) };
    };
    return [
      { name: 'loss', unit: 'nats/token', ...bounded(({ loss }) => loss) },
      { name: 'divergence', unit: 'probability', ...bounded(({ divergence }) => divergence) },
    ];
  }

  private interval(of: (constants: ConvergenceEscapeConstants) => number) {
    const { samples, confidence } = this.record;
    return samples.length > 1 ? intervalOf(samples.map(of), confidence) : undefined;
  }

  private outside(peak: number, { parameters, batchTokens, totalSteps }: AskedPlace): string[] {
    const [low, high] = this.peaks;
    const { fitted } = this.record;
    return [
      ...(peak < low / 1.01 || peak > high * 1.01
        ? [`the runs fitted on had peaks from ${low.toPrecision(3)} to ${high.toPrecision(3)}, not ${peak}`]
        : []),
      ...outsideOf({
        value: parameters,
        name: 'parameters',
        ...rangeOf(fitted.map((run) => run.parameters)),
      }),
      ...outsideOf({
        value: batchTokens * totalSteps,
        name: 'tokens',
        ...rangeOf(fitted.map(({ tokens }) => tokens)),
      }),
      ...outsideOf({ value: totalSteps, name: 'steps', ...rangeOf(fitted.map(({ steps }) => steps)) }),
    ];
  }
}

interface AskedPlace {
  readonly parameters: number;
  readonly batchTokens: number;
  readonly totalSteps: number;
}

/** Probability of divergence that a suggestion may have at most. */
const mostRisk = 0.05;

function candidateOf(asked: {
  readonly parameters: number;
  readonly batchTokens: number;
  readonly totalSteps: number;
  readonly description: ScheduleCandidate['schedule'];
}): ScheduleCandidate {
  const { parameters, batchTokens, totalSteps, description } = asked;
  return { schedule: description, steps: totalSteps, parameters, tokens: batchTokens * totalSteps };
}

function goodnessOn(runs: readonly RecordedRun[]): Goodness {
  const converged = runs.filter(({ measured }) => measured !== null);
  return goodnessOf(
    converged.map(({ measured }) => measured!),
    converged.map(({ loss }) => loss),
  );
}
