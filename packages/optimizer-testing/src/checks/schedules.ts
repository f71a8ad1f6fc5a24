import type { Check } from '../check.ts';
import { assertMoved, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import { type Values, withModel } from '../test-model.ts';

const [changeAfter, steps] = [3, 7];

const run = (subject: Subject, options: AnyOptions): Promise<Values> =>
  subject.trained(options, steps, undefined, subject.fewParameters);

/**
 * Two values to change between: the present one first, unless a constant of that value keeps no state where a schedule
 * keeps some, so that the run before the change would not be the same.
 */
function valuesOf(subject: Subject, name: string): readonly [number, number] {
  const present = subject.valueOf(name);
  const asConstant = subject.slotNames(subject.with({ [name]: present }));
  const asSchedule = subject.slotNames(subject.with({ [name]: () => present }));
  const [other, another] = subject.otherValues(name);
  return asConstant.join() === asSchedule.join() ? [present, other] : [other, another];
}

/** That a schedule is nothing but the number it gives at each step, for every hyperparameter. */
export function scheduleChecks(subject: Subject): Check[] {
  return subject.variable.flatMap((name): Check[] => [
    {
      name: subject.named(`a schedule of ${name} that is constant equals the constant, bit for bit`),
      kind: 'schedules',
      run: async () => {
        const [value] = valuesOf(subject, name);
        const constant = await run(subject, { [name]: value });
        assertSameBits(await run(subject, { [name]: () => value }), constant, 'as a schedule');
      },
    },
    {
      name: subject.named(`${name} set in mid-run equals a schedule with that step, bit for bit`),
      kind: 'schedules',
      run: async () => {
        const [before, after] = valuesOf(subject, name);
        const schedule = (step: number) => (step <= changeAfter ? before : after);
        const scheduled = await run(subject, { [name]: schedule });
        await withModel(subject.fewParameters, async (model) => {
          const optimizer = subject.make({ [name]: before });
          model.train(optimizer, 1, changeAfter);
          optimizer.setHyperparameter(name, after);
          model.train(optimizer, changeAfter + 1, steps);
          optimizer.dispose();
          assertSameBits(await model.values(), scheduled, 'set in mid-run');
        });
        if (name === 'learningRate' && subject.rule.rateIsInitial !== true) {
          assertMoved(scheduled, await run(subject, { [name]: before }), 'after the change');
        }
      },
    },
  ]);
}
