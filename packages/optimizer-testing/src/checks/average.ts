import type { Check } from '../check.ts';
import { assertClose, assertMoved, assertSameBits } from '../comparison.ts';
import type { AnyOptions, Subject } from '../subject.ts';
import { trained, type Values, withModel } from '../test-model.ts';
import { savedForms } from './resume.ts';

const steps = 8;
const averageDecay = 0.75;
const options = { averageDecay, weightDecay: 0.1, clipGlobalNorm: 1 };

/** The moving average in float64 of the values after each step, starting from those before the first. */
function movingAverage(history: readonly Values[]): Record<string, Float64Array> {
  const [first, ...rest] = history;
  const average = Object.fromEntries(
    Object.entries(first!).map(([name, values]) => [name, Float64Array.from(values)]),
  );
  for (const values of rest) {
    for (const [name, mean] of Object.entries(average)) {
      mean.forEach((m, index) => {
        mean[index] = averageDecay * m + (1 - averageDecay) * values[name]![index]!;
      });
    }
  }
  return average;
}

async function withoutAverage(subject: Subject, others: AnyOptions = {}): Promise<Values> {
  const { averageDecay: _, ...rest } = options;
  return trained(subject.make({ ...rest, ...others }), steps);
}

/** That the average of the parameters follows them and never leads them. */
export function averageChecks(subject: Subject): Check[] {
  const claims: Record<string, () => Promise<void>> = {
    'averaging the parameters changes no bit of the training': async () => {
      assertSameBits(await trained(subject.make(options), steps), await withoutAverage(subject), 'averaged');
    },
    'the average equals a moving average in plain JavaScript, and swapping out restores every bit': () =>
      withModel(async (model) => {
        const optimizer = subject.make(options);
        const history = [await model.values()];
        for (let step = 1; step <= steps; step++) {
          model.train(optimizer, step, step);
          history.push(await model.values());
        }
        optimizer.swapInAverage();
        const swapped = await model.values();
        // Float32 rounding of eight steps of the average.
        assertClose(swapped, movingAverage(history), 'the average', { tolerance: 1e-6 });
        assertMoved(swapped, history.at(-1)!, 'swapping in');
        optimizer.swapOutAverage();
        assertSameBits(await model.values(), history.at(-1)!, 'after swapping out');
        optimizer.dispose();
      }),
    'swapping the average in and out between steps changes no bit of the training': async () => {
      const expected = await withoutAverage(subject);
      await withModel(async (model) => {
        const optimizer = subject.make(options);
        for (let step = 1; step <= steps; step++) {
          model.train(optimizer, step, step);
          optimizer.swapInAverage();
          optimizer.swapOutAverage();
        }
        optimizer.dispose();
        assertSameBits(await model.values(), expected, 'with swaps');
      });
    },
  };
  for (const form of savedForms) {
    claims[`the average goes on bit for bit when saved through ${form.name}`] = () =>
      withModel(async (model) => {
        const first = subject.make(options);
        model.train(first, 1, 3);
        const [values, load] = [await model.values(), await form.save(first)];
        model.train(first, 4, steps);
        first.swapInAverage();
        const expected = await model.values();
        first.dispose();
        model.assign(values);
        const second = subject.make(options);
        await load(second);
        model.train(second, 4, steps);
        second.swapInAverage();
        assertSameBits(await model.values(), expected, 'the average');
        second.dispose();
      });
  }
  return Object.entries(claims).map(([claim, run]) => ({ name: subject.named(claim), kind: 'average', run }));
}
