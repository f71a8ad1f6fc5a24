import { splitByCompute } from '../../fitting/hold-out.ts';
import type { Law } from '../../law/law.ts';
import { readLawOptions } from '../../law/law-options.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { checkSaved, sweepRecord } from '../saved-fit.ts';
import {
  type ConvergenceEscapeConstants,
  type ConvergenceEscapeOptions,
  fitConvergenceEscapeLaw,
  resampleConstants,
  type SchedulePredictor,
} from './convergence-escape.ts';
import { divergenceScores } from './schedule-ranking.ts';
import { courseOf, type ScheduleRun } from './schedule-run.ts';
import { type RecordedRun, SweepLawFit, type SweepLawRecord } from './sweep-law-fit.ts';
import { sweepPredictions, sweepSuggestions } from './sweep-questions.ts';
import { sweepColumns, sweepRuns } from './sweep-rows.ts';

/** F1 of divergence on the runs fitted on below which a reader is warned. */
const poor = 0.8;

/** How schedules end, loss or divergence (after Xie et al. 2024), as a law of the command line. */
export const convergenceEscapeLaw: Law<SweepLawFit> = ofEvidence({
  name: 'convergence-escape',
  title: 'Final loss and divergence of a learning-rate schedule',
  formula:
    'L = E + F (N / N0)^(-1/3) + A S^-alpha + V (B0 / B) sum_k lr_k^2 (1 + S_k / c)^-b, S = sum_k lr_k / (1 + (lr_k / edge)^2); ' +
    'P(diverges) = 1 - exp(-sum_k exp(h + p log(lr_k / lr0) + q log rise_k + n log(N / N0)))',
  source: 'features of this package, in the spirit of Opt-Laws, Xie et al. 2024, arXiv 2409.04777',
  columns: sweepColumns,
  status: 'all',
  options: [
    { name: 'delta', meaning: 'residual of log loss beyond which a run counts linearly', default: 0.01 },
    {
      name: 'adaptationSteps',
      meaning: 'steps of the average that a rate is compared with to see how fast it rises',
      default: 20,
    },
  ],
  queries: sweepPredictions,
  suggestions: sweepSuggestions,
  fit(table, options = {}) {
    const { columns, bootstrap: samples, seed, confidence, holdOut } = readLawOptions(this, options, 100);
    const { delta, adaptationSteps } = options as ConvergenceEscapeOptions;
    const own = {
      ...(delta === undefined ? {} : { delta }),
      ...(adaptationSteps === undefined ? {} : { adaptationSteps }),
    };
    const runs = sweepRuns(table, columns);
    const flops = (run: ScheduleRun) => 6 * run.parameters * run.tokens;
    const { fitted, heldOut } = holdOut
      ? splitByCompute(runs, flops, holdOut)
      : { fitted: runs, heldOut: [] };
    const found = fitConvergenceEscapeLaw(fitted, own);
    const { f1 } = divergenceScores(found, fitted);
    return new SweepLawFit({
      law: 'convergence-escape',
      version: 1,
      constants: constantsOf(found),
      samples: samples === 0 ? [] : resampleConstants(fitted, constantsOf(found), { delta, samples, seed }),
      confidence,
      objective: found.objective,
      warnings: [
        ...found.warnings,
        ...(f1 < poor
          ? [`of the runs fitted on, divergence is predicted with an F1 of only ${f1.toFixed(2)}`]
          : []),
      ],
      fitted: fitted.map((run) => recorded(run, found)),
      heldOut: heldOut.map((run) => recorded(run, found)),
    });
  },
  restore(json) {
    checkSaved('convergence-escape', 1, json, sweepRecord);
    return new SweepLawFit(json as SweepLawRecord);
  },
});

function constantsOf(found: ConvergenceEscapeConstants): ConvergenceEscapeConstants {
  return { convergence: found.convergence, escape: found.escape, adaptationSteps: found.adaptationSteps };
}

function recorded(run: ScheduleRun, predictor: SchedulePredictor): RecordedRun {
  const { parameters, tokens, loss } = run;
  const { peak, counts } = courseOf('convergence-escape', run, 1);
  const steps = counts.reduce((sum, count) => sum + count, 0);
  return { ...predictor.predict(run), parameters, tokens, steps, peak, measured: loss };
}
