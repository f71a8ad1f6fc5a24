import type { Float64Optimizer } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import { assertClose } from '../comparison.ts';
import { byName, runInEngine } from '../float64-run.ts';
import { ReferenceRun } from '../reference.ts';
import type { AnyOptions, Subject } from '../subject.ts';
import { allParameters, type Gradients, type GradientsOf, gradientsOf, initialValue } from '../test-model.ts';

const steps = 20;

/** The reference may order its sums and products otherwise, and nothing else. */
const tolerance = 1e-12;

/** A learning rate that rises and falls. */
export const wave = (step: number): number => 0.02 * (0.6 + 0.4 * Math.sin(step));

const everyGradient = gradientsOf(allParameters);

/** Every parameter misses a gradient now and then, and `first/bias` comes late. */
function withGaps(step: number): Gradients {
  const entries = Object.entries(everyGradient(step)).filter(([name], index) => {
    return name.endsWith('bias') ? step > 4 : (step + index) % 6 !== 0;
  });
  return Object.fromEntries(entries);
}

function assertAgreement(subject: Subject, options: AnyOptions, gradients: GradientsOf): void {
  const { rule, parameters } = subject;
  const reference = new ReferenceRun(
    subject.reference,
    rule,
    subject.with(options),
    parameters,
    initialValue,
  );
  const afterStep = (engine: Float64Optimizer, step: number): void => {
    reference.step(gradients(step));
    const actual = byName(subject, (name) => engine.value(name));
    assertClose(actual, reference.values(), `step ${step}`, { tolerance });
  };
  runInEngine(subject, { options, steps, gradients, afterStep });
}

/** A schedule of every hyper-parameter but the learning rate, between two values that are not zero. */
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
    ['with schedules of all other hyper-parameters', scheduled(subject)],
    ['with decoupled weight decay', { ...decay, weightDecayMode: 'decoupled' }],
    ['with independent weight decay', { ...decay, weightDecayMode: 'independent' }],
    ['with l2 weight decay', { ...decay, weightDecayMode: 'l2' }],
    // A number kept for a whole group goes on without a parameter; a reference of one parameter cannot know it.
    ...(subject.rule.groupState === undefined
      ? [['when gradients are late or missing', {}, withGaps] as [string, AnyOptions, GradientsOf]]
      : []),
  ];
  return cases.map(([circumstance, options, gradients = everyGradient]) => ({
    name: subject.named(`equals its reference in float64 to ${tolerance}, every step, ${circumstance}`),
    kind: 'reference',
    run: async () => assertAgreement(subject, options, gradients),
  }));
}
