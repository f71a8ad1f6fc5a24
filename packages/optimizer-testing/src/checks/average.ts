import type { Check } from '../check.ts';
import { assertClose, assertMoved, assertSameBits } from '../comparison.ts';
import { byName, runInEngine } from '../float64-run.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import { gradientsOf, type Values } from '../test-model.ts';
import { savedForms } from './resume.ts';

const steps = 8;
const averageDecay = 0.75;
const plain = { weightDecay: 0.1, clipGlobalNorm: 1 };

/** A rule that keeps an average of its own takes no `averageDecay`. */
function averaging({ record }: Subject): AnyOptions {
  return record.capabilities.average ? plain : { ...plain, averageDecay };
}

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

/** The average that a rule keeps itself, in float64, and whether it is another point than the parameters by then. */
function ownAverage(subject: Subject): { average: Record<string, Float64Array>; differs: boolean } {
  const { clipGlobalNorm, ...options } = plain;
  let average: Record<string, Float64Array> = {};
  const values = runInEngine(subject, {
    options,
    engine: { clipGlobalNorm },
    steps,
    gradients: gradientsOf(subject.parameters),
    afterStep: (engine) => {
      average = byName(subject.parameters, (name) => engine.average(name).slice());
    },
  });
  const differs = Object.entries(values).some(([name, value]) =>
    value.some((x, index) => x !== average[name]![index]),
  );
  return { average, differs };
}

/** That the average of the parameters follows them and never leads them. */
export function averageChecks(subject: Subject): Check[] {
  const own = subject.record.capabilities.average;
  const source = own ? 'the one of the rule in float64' : 'a moving average in plain JavaScript';
  const make = () => subject.make(averaging(subject));
  const claims: Record<string, () => Promise<void>> = {
    [`the average equals ${source}, and swapping out restores every bit`]: () =>
      subject.withModel(async (model) => {
        const optimizer = make();
        const history = [await model.values()];
        for (let step = 1; step <= steps; step++) {
          model.train(optimizer, step, step);
          history.push(await model.values());
        }
        optimizer.swapInAverage();
        const swapped = await model.values();
        // Float32 rounding of eight steps, of the average alone or of the rule and its average.
        const tolerance = own ? 1e-5 : 1e-6;
        const kept = own ? ownAverage(subject) : { average: movingAverage(history), differs: true };
        assertClose(swapped, kept.average, 'the average', { tolerance });
        // Some rules begin to average late.
        if (kept.differs) assertMoved(swapped, history.at(-1)!, 'swapping in');
        optimizer.swapOutAverage();
        assertSameBits(await model.values(), history.at(-1)!, 'after swapping out');
        optimizer.dispose();
      }),
    'swapping the average in and out between steps changes no bit of the training': async () => {
      const expected = await subject.trained(plain, steps);
      await subject.withModel(async (model) => {
        const optimizer = make();
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
  if (!own) {
    claims['averaging the parameters changes no bit of the training'] = async () => {
      const expected = await subject.trained(plain, steps);
      assertSameBits(await subject.trained(averaging(subject), steps), expected, 'averaged');
    };
  }
  for (const form of savedForms) {
    claims[`the average continues bit for bit when saved through ${form.name}`] = () =>
      subject.withModel(async (model) => {
        const first = make();
        model.train(first, 1, 3);
        const [values, load] = [await model.values(), await form.save(first)];
        model.train(first, 4, steps);
        first.swapInAverage();
        const expected = await model.values();
        first.dispose();
        model.assign(values);
        const second = make();
        await load(second);
        model.train(second, 4, steps);
        second.swapInAverage();
        assertSameBits(await model.values(), expected, 'the average');
        second.dispose();
      });
  }
  return Object.entries(claims).map(([claim, run]) => ({ name: subject.named(claim), kind: 'average', run }));
}
