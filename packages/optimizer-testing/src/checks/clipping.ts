import type { Check } from '../check.ts';
import { assert, assertClose, assertSameBits } from '../comparison.ts';
import { runInEngine } from '../float64-run.ts';
import type { Subject } from '../subject.ts';
import { gradientsOf } from '../test-model.ts';
import { assertTensorsAgree } from './interpreters.ts';

const steps = 5;
/** Below the gradients' norms, which are above 2. */
const limit = 0.75;

type Numbers = Record<string, Float32Array>;

function normOf(gradients: Readonly<Record<string, ArrayLike<number>>>): number {
  const squares = Object.values(gradients).flatMap((gradient) => Array.from(gradient, (x) => x * x));
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
}

/** Gradients times `min(1, limit / (norm + 1e-6))`, in float64. */
function clipped(gradients: Numbers): Record<string, Float64Array> {
  const factor = Math.min(1, limit / (normOf(gradients) + 1e-6));
  const scaled = Object.entries(gradients).map(([name, g]) => [
    name,
    Float64Array.from(g, (x) => x * factor),
  ]);
  return Object.fromEntries(scaled);
}

/** That clipping is what it says, and nothing where its limit is not reached. */
export function clippingChecks(subject: Subject): Check[] {
  const plain = gradientsOf(subject.parameters) as (step: number) => Numbers;
  const claims: Record<string, () => Promise<void>> = {
    'clipping the global norm at Infinity equals no clipping, bit for bit, and measures the norm':
      async () => {
        const expected = await subject.trained({}, steps);
        await subject.withModel(async (model) => {
          const optimizer = subject.make({ clipGlobalNorm: Number.POSITIVE_INFINITY });
          model.train(optimizer, 1, steps);
          const norm = normOf(plain(steps));
          const measured = await optimizer.gradientNorm();
          assert(Math.abs(measured! / norm - 1) < 1e-5, `the norm is ${measured}, expected ${norm}`);
          optimizer.dispose();
          assertSameBits(await model.values(), expected, 'clipped at Infinity');
        });
      },
    'clipping the global norm equals gradients scaled by min(1, limit / (norm + 1e-6)), in float64':
      async () => {
        const expected = runInEngine(subject, { steps, gradients: (step) => clipped(plain(step)) });
        const values = runInEngine(subject, { engine: { clipGlobalNorm: limit }, steps, gradients: plain });
        assertClose(values, expected, 'clipped', { tolerance: 1e-12 });
        await assertTensorsAgree(subject, { clipGlobalNorm: limit });
      },
    'clipping by value equals gradients brought into the limits before, bit for bit': async () => {
      const within = (step: number) =>
        Object.fromEntries(
          Object.entries(plain(step)).map(([name, g]) => {
            return [name, g.map((x) => Math.max(-0.125, Math.min(0.125, x)))];
          }),
        );
      const expected = await subject.trained({}, steps, within);
      const values = await subject.trained({ clipValue: 0.125 }, steps);
      assertSameBits(values, expected, 'clipped by value');
      // The norm is that of the values already clipped.
      const both = await subject.trained({ clipValue: 0.125, clipGlobalNorm: 0.5 }, steps);
      assertSameBits(both, await subject.trained({ clipGlobalNorm: 0.5 }, steps, within), 'with the norm');
    },
    'clipping by a value that no gradient reaches changes no bit': async () => {
      const values = await subject.trained({ clipValue: 1e6 }, steps);
      assertSameBits(values, await subject.trained({}, steps), 'clipped at 1e6');
    },
  };
  return Object.entries(claims).map(([claim, run]) => ({
    name: subject.named(claim),
    kind: 'clipping',
    run,
  }));
}
