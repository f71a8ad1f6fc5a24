import type { Float64Optimizer, ParameterInfo } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import { assertClose } from '../comparison.ts';
import { byName, runInEngine } from '../float64-run.ts';
import { ReferenceRun } from '../reference.ts';
import { isAllowed, type Subject, sizesOfGradients } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import {
  allParameters,
  type Gradients,
  type GradientsOf,
  gradientsOf,
  initialValue,
  steadyGradientsOf,
} from '../test-model.ts';
import { estimates } from './refresh.ts';

/** The reference may order its sums and products otherwise, and nothing else. */
const tolerance = 1e-12;

/** A learning rate that rises and falls. */
export const wave = (step: number): number => 0.02 * (0.6 + 0.4 * Math.sin(step));

const everyGradient = gradientsOf(allParameters);
const steady = steadyGradientsOf(allParameters);

/** Every parameter misses a gradient now and then, and `first/bias` comes late. */
function withGaps(step: number): Gradients {
  const entries = Object.entries(everyGradient(step)).filter(([name], index) => {
    return name.endsWith('bias') ? step > 4 : (step + index) % 6 !== 0;
  });
  return Object.fromEntries(entries);
}

/** A run of the rule beside its reference, both in float64. */
interface ReferredRun {
  readonly options: AnyOptions;
  readonly parameters?: readonly ParameterInfo[];
  readonly steps?: number;
  readonly gradients?: GradientsOf;
}

/** @throws Error if the rule leaves its reference at a step, in a refresh, or in the average. */
export function assertAgreement(subject: Subject, run: ReferredRun): void {
  const { options, parameters = subject.parameters, steps = 20 } = run;
  const { gradients = parameters === subject.parameters ? everyGradient : gradientsOf(parameters) } = run;
  const { rule, surroundings } = subject;
  const { references } = surroundings;
  const reference = new ReferenceRun(references, rule, subject.with(options), parameters, initialValue);
  const afterStep = (engine: Float64Optimizer, step: number): void => {
    reference.step(gradients(step));
    const actual = byName(parameters, (name) => engine.value(name));
    assertClose(actual, reference.values(), `step ${step}`, { tolerance });
    if (references.average !== undefined) {
      const averages = byName(parameters, (name) => engine.average(name));
      assertClose(averages, reference.averages(), `the average after step ${step}`, { tolerance });
    }
    if (references.refresh === undefined || step % 2 === 1) return;
    // Seen in the steps that follow.
    engine.refresh(estimates({ parameters }, step));
    reference.refresh(estimates({ parameters }, step));
  };
  runInEngine(subject, { options, parameters, steps, gradients, afterStep });
}

/** A schedule of every hyperparameter but the learning rate, between two values that are not zero. */
function scheduled(subject: Subject): AnyOptions {
  const names = subject.variable.filter((name) => !['learningRate', 'weightDecay'].includes(name));
  return Object.fromEntries(
    names.map((name) => {
      const [first, second] = subject.otherValues(name);
      return [name, (step: number) => (step % 3 === 0 ? first : second)];
    }),
  );
}

/** That the rule, in float64, is what the paper's formulas give when they are written down a second time. */
export function referenceChecks(subject: Subject): Check[] {
  const decay = { weightDecay: 0.3, learningRate: wave, peakLearningRate: 0.04 };
  const cases: [string, AnyOptions, GradientsOf?][] = [
    ['with constant options', {}],
    ['with a schedule of the learning rate', { learningRate: wave }],
    ['with schedules of all other hyperparameters', scheduled(subject)],
    ['with decoupled weight decay', { ...decay, weightDecayMode: 'decoupled' }],
    ['with independent weight decay', { ...decay, weightDecayMode: 'independent' }],
    ['with fixed weight decay', { weightDecay: 0.03, learningRate: wave, weightDecayMode: 'fixed' }],
    ['with l2 weight decay', { ...decay, weightDecayMode: 'l2' }],
    ...subject.tinyHyperparameters.flatMap((name) =>
      sizesOfGradients
        .filter((size) => isAllowed(size, subject.hyperparameters[name]!))
        .map((size): [string, AnyOptions] => [`with ${name} ${size}`, { [name]: size }]),
    ),
    ...(subject.sumsParameters
      ? [
          ['with gradients of one direction', { learningRate: 1 }, steady] as [
            string,
            AnyOptions,
            GradientsOf,
          ],
        ]
      : []),
    // A number kept for a whole group continues without a parameter; a reference of one parameter cannot know it.
    ...(subject.rule.groupState === undefined || subject.sumsParameters
      ? [['when gradients are late or missing', {}, withGaps] as [string, AnyOptions, GradientsOf]]
      : []),
  ];
  return cases.map(([circumstance, options, gradients = everyGradient]) => ({
    name: subject.named(`equals its reference in float64 to ${tolerance}, every step, ${circumstance}`),
    kind: 'reference',
    run: async () => assertAgreement(subject, { options, gradients }),
  }));
}
