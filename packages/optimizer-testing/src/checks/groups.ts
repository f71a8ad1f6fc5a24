import type { Check } from '../check.ts';
import { assertMoved, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import {
  allParameters,
  type Gradients,
  type GradientsOf,
  gradientsOf,
  initialValue,
  isInSecondHalf,
  secondHalf,
  steadyGradientsOf,
  type Values,
} from '../test-model.ts';

const steps = 6;
const every = gradientsOf(allParameters);
const steady = steadyGradientsOf(allParameters);

function half(gradients: Gradients, second: boolean): Gradients {
  return Object.fromEntries(
    Object.entries(gradients).filter(([name]) => isInSecondHalf({ name }) === second),
  );
}

function halfOf(values: Values, second: boolean): Values {
  return half(values, second) as Values;
}

/** Trains both halves of the model with an optimizer each. */
async function separately(
  subject: Subject,
  first: AnyOptions,
  second: AnyOptions,
  gradients: GradientsOf = every,
): Promise<Values> {
  return subject.withModel(async (model) => {
    const optimizers = [subject.make(first), subject.make(second)] as const;
    for (let step = 1; step <= steps; step++) {
      model.apply(optimizers[0], half(gradients(step), false));
      model.apply(optimizers[1], half(gradients(step), true));
    }
    for (const optimizer of optimizers) optimizer.dispose();
    return model.values();
  });
}

/** Other values of every hyperparameter. */
function overrides(subject: Subject): AnyOptions {
  const names = subject.variable;
  return Object.fromEntries(names.map((name) => [name, subject.otherValues(name)[0]]));
}

/** That a group is an optimizer of its own for the parameters it matches. */
export function groupChecks(subject: Subject): Check[] {
  const alone: Record<string, () => Promise<void>> = {
    'a group with other hyperparameters equals an optimizer of its own, bit for bit': async () => {
      const own = overrides(subject);
      const grouped = await subject.trained({ groups: [{ match: secondHalf, ...own }] }, steps);
      assertSameBits(grouped, await separately(subject, {}, own), 'with groups');
      const [start, same] = [await subject.trained({}, 0), await subject.trained({}, steps)];
      assertMoved(halfOf(grouped, true), halfOf(start, true), 'the group');
      assertMoved(
        halfOf(grouped, true),
        halfOf(same, true),
        'the group, from where its options are not its own',
      );
    },
  };
  const together: Record<string, () => Promise<void>> = {
    'a group with the options of the others changes no bit: its parameters are summed with theirs':
      async () => {
        const options = { learningRate: 1 };
        const expected = await subject.trained(options, steps, steady);
        const grouped = await subject.trained({ ...options, groups: [{ match: secondHalf }] }, steps, steady);
        assertSameBits(grouped, expected, 'with a group');
        const apart = await separately(subject, options, options, steady);
        assertMoved(apart, expected, 'two optimizers of half of the parameters, from where one would be');
      },
  };
  const claims: Record<string, () => Promise<void>> = {
    ...(subject.sumsParameters ? together : alone),
    'the first group that matches wins, and the order of groups that share nothing changes no bit':
      async () => {
        const [learningRate, other] = subject.otherValues('learningRate');
        const second = { match: secondHalf, learningRate };
        const first = { match: 'conformance/first/**', weightDecay: 0.1 };
        const expected = await subject.trained({ groups: [second, first] }, steps);
        const swapped = await subject.trained({ groups: [first, second] }, steps);
        assertSameBits(swapped, expected, 'the other order');
        const last = { match: '**', learningRate: other };
        const overruled = await subject.trained({ groups: [first, second, last] }, steps);
        assertSameBits(overruled, expected, 'with a group that comes last');
      },
    'a hyperparameter set for a group in mid-run leaves the others alone': async () => {
      const [other] = subject.otherValues('learningRate');
      const groups = [{ match: secondHalf, learningRate: subject.valueOf('learningRate') }];
      await subject.withModel(async (model) => {
        const optimizer = subject.make({ groups });
        model.train(optimizer, 1, 3);
        optimizer.setHyperparameter('learningRate', other, 0);
        model.train(optimizer, 4, steps);
        optimizer.dispose();
        const schedule = (step: number) => (step <= 3 ? subject.valueOf('learningRate') : other);
        const scheduled = subject.make({ groups: [{ match: secondHalf, learningRate: schedule }] });
        const values = await model.values();
        model.assign(Object.fromEntries(subject.parameters.map((info) => [info.name, initialValue(info)])));
        model.train(scheduled, 1, steps);
        scheduled.dispose();
        assertSameBits(values, await model.values(), 'set in mid-run');
      });
    },
  };
  const mayBeZero = !((subject.rule.hyperparameters.learningRate?.minimum ?? 0) > 0);
  if (mayBeZero && subject.rule.rateIsInitial !== true) {
    const others = subject.sumsParameters ? '' : ', and the others do not notice';
    claims[`a group with zero learning rate does not move${others}`] = async () => {
      const decay = { weightDecay: 0.1, weightDecayMode: 'decoupled' };
      const start = await subject.trained({}, 0);
      const all = await subject.trained(decay, steps);
      const groups = [{ match: secondHalf, learningRate: 0 }];
      const values = await subject.trained({ ...decay, groups }, steps);
      assertSameBits(halfOf(values, true), halfOf(start, true), 'the group with zero learning rate');
      if (!subject.sumsParameters) assertSameBits(halfOf(values, false), halfOf(all, false), 'the others');
      assertMoved(halfOf(all, true), halfOf(start, true), 'with a learning rate');
    };
  }
  return Object.entries(claims).map(([claim, run]) => ({ name: subject.named(claim), kind: 'groups', run }));
}
