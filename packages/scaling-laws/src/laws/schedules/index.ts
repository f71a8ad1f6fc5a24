import { goodnessOf } from '../../fitting/goodness.ts';
import type { Law } from '../../law/law.ts';
import { readLawOptions } from '../../law/law-options.ts';
import { describeValue } from '../../options.ts';
import { readColumns } from '../../table/columns.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { checkSaved, curveRecord } from '../saved-fit.ts';
import { type AnnealingParameters, annealingFrom } from './annealing.ts';
import type { CurveFit, CurveFitOptions } from './curve-fit.ts';
import { CurveLawFit, type CurveLawRecord, curvePredictions, curveSuggestions } from './curve-law-fit.ts';
import { type CurveRow, curvesFromRows } from './curve-rows.ts';
import { fitAnnealingLaw } from './fit-annealing.ts';
import { fitMultiPowerLaw, multiPowerFrom } from './fit-multi-power.ts';
import type { LossCurve } from './loss-curve.ts';
import type { MultiPowerParameters } from './multi-power.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/** Loss curves from the learning rate of every step (Luo et al. 2025), as a law of the command line. */
export const multiPowerLaw = curveLaw<MultiPowerParameters>({
  name: 'multi-power',
  title: 'Loss curve of a learning-rate schedule: multi-power law',
  formula:
    'L(t) = L0 + A S(t)^-alpha + B sum_(k<=t) (lr_k - lr_(k-1)) (1 - (1 + C lr_k^-gamma (S(t) - S(k-1)))^-beta), S the sum of lr',
  source: 'Luo et al. 2025, arXiv 2503.12811',
  meanings: {
    L0: 'loss that no training removes, nats/token',
    A: 'scale of the loss that the summed rate removes: A S^-alpha',
    alpha: 'exponent of the summed rate',
    B: 'loss for each unit by which the rate stays up',
    C: 'scale of how fast the effect of a change comes',
    beta: 'exponent with which it comes',
    gamma: 'exponent of the rate in it',
  },
  fit: fitMultiPowerLaw,
  make: multiPowerFrom,
});

/** The same by the annealing momentum (Tissue et al. 2024), as a law of the command line. */
export const annealingLaw = curveLaw<AnnealingParameters>({
  name: 'annealing',
  title: 'Loss curve of a learning-rate schedule: annealing law',
  formula:
    'L(t) = L0 + A S1(t)^-alpha - C S2(t), S1 the sum of lr, S2 that of m_i = lambda m_(i-1) + lr_(i-1) - lr_i',
  source: 'Tissue et al. 2024, arXiv 2408.11029',
  meanings: {
    L0: 'loss that no training removes at the peak rate, nats/token',
    A: 'scale of the loss that the summed rate removes: A S1^-alpha',
    alpha: 'exponent of the summed rate',
    C: 'loss for each unit of the annealing area S2',
    lambda: 'memory of the annealing, which lasts about 1 / (1 - lambda) steps',
  },
  fit: fitAnnealingLaw,
  make: annealingFrom,
});

interface CurveLawSpec<Constants> extends Pick<Law, 'name' | 'title' | 'formula' | 'source'> {
  readonly meanings: Readonly<Record<keyof Constants, string>>;
  fit(curves: readonly LossCurve[], options: CurveFitOptions): CurveFit<Constants>;
  make(constants: Constants): ScheduleLaw;
}

function curveLaw<Constants extends Readonly<Record<keyof Constants, number>>>(
  spec: CurveLawSpec<Constants>,
): Law<CurveLawFit<Constants>> {
  const { fit, make, meanings, ...described } = spec;
  const record = curveRecord(Object.keys(meanings));
  return ofEvidence({
    ...described,
    columns: [
      { name: 'step', meaning: 'step of the loss, from 1', quantity: 'steps', aliases: ['steps'] },
      {
        name: 'scheduledLearningRate',
        meaning: 'learning rate at this step',
        // A schedule may end at 0, and a column of rates must be positive; the curves are checked as they are made.
        quantity: 'number',
        aliases: ['lr', 'learning_rate', 'learningRate'],
      },
      { name: 'loss', meaning: 'loss at this step, nats/token', quantity: 'loss', mustVary: true },
      {
        name: 'run',
        meaning: 'name of the run, where there are several',
        quantity: 'text',
        aliases: ['run_name', 'file'],
        required: false,
      },
    ],
    points: 'training',
    mayDiffer: ['learningRate', 'schedule'],
    options: [
      {
        name: 'warmupSteps',
        meaning: 'steps of the warm-up, where the log begins after its start',
        default: 0,
      },
      {
        name: 'heldOut',
        meaning: 'names of runs to keep out of the fit and test it on, with commas between',
      },
      { name: 'delta', meaning: 'residual of log loss beyond which a point counts linearly', default: 1e-3 },
    ],
    queries: curvePredictions,
    suggestions: curveSuggestions,
    fit(table, options = {}) {
      const { columns, bootstrap, seed, confidence, holdOut } = readLawOptions(this, options, 0);
      if (holdOut !== undefined) {
        throw new Error(`${this.name}: keeps whole runs out of the fit: use heldOut, not holdOut`);
      }
      const { warmupSteps = 0, delta } = options as { warmupSteps?: number; delta?: number };
      const rows = readColumns<Omit<CurveRow, 'learningRate'> & { readonly scheduledLearningRate: number }>(
        table,
        this.columns,
        { columns },
      ).map(({ scheduledLearningRate, ...row }) => ({ ...row, learningRate: scheduledLearningRate }));
      const { curves, warnings } = curvesFromRows(this.name, rows, warmupSteps);
      const kept = keptOut(this.name, curves, options.heldOut);
      const fitted = curves.filter((curve) => !kept.includes(curve));
      const found = fit(fitted, { ...(delta === undefined ? {} : { delta }), bootstrap, seed });
      const predicted = (curve: LossCurve) => Array.from(found.predictCurve(curve.rates, curve.steps));
      return new CurveLawFit(
        {
          law: this.name,
          version: 1,
          constants: found.parameters,
          samples: found.samples,
          confidence,
          objective: found.objective,
          goodness: found.goodness,
          heldOut:
            kept.length === 0
              ? null
              : goodnessOf(
                  kept.flatMap(({ losses }) => Array.from(losses)),
                  kept.flatMap(predicted),
                ),
          peaks: found.peaks!,
          curves: curves.map((curve) => ({
            name: curve.name,
            steps: Array.from(curve.steps),
            losses: Array.from(curve.losses),
            predicted: predicted(curve),
            heldOut: kept.includes(curve),
          })),
          warnings: [...warnings, ...found.warnings],
        },
        make,
        meanings,
      );
    },
    restore(json) {
      checkSaved(this.name, 1, json, record);
      return new CurveLawFit(json as CurveLawRecord<Constants>, make, meanings);
    },
  });
}

function keptOut(law: string, curves: readonly LossCurve[], given: unknown): LossCurve[] {
  if (given === undefined) return [];
  if (typeof given !== 'string') {
    throw new Error(`${law}: heldOut must be names of runs with commas between, got ${describeValue(given)}`);
  }
  return given.split(',').map((text) => {
    const name = text.trim();
    const found = curves.find((curve) => curve.name === name);
    if (found) return found;
    const names = curves.map((curve) => curve.name).join(', ');
    throw new Error(`${law}: no run is called "${name}" to keep out of the fit; the runs are ${names}`);
  });
}
