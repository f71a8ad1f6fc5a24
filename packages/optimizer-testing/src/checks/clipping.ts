import { Float64Optimizer } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import { assert, assertClose, assertSameBits } from '../comparison.ts';
import type { AnyOptions, Subject } from '../subject.ts';
import { allParameters, gradientsOf, initialValue, trained, withModel } from '../test-model.ts';
import { assertTensorsAgree } from './interpreters.ts';

const steps = 5;
const every = gradientsOf(allParameters);

/** Below most of the gradients' norms, which are between 2 and 5. */
const limit = 0.75;

/** The gradients of a step times `min(1, limit / (norm + 1e-6))`, in float64. */
function clipped(step: number): Record<string, Float64Array> {
  const gradients = Object.entries(every(step)).map(([name, g]) => [name, Float64Array.from(g!)] as const);
  const squares = gradients.flatMap(([, g]) => [...g].map((x) => x * x));
  const norm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
  const factor = Math.min(1, limit / (norm + 1e-6));
  return Object.fromEntries(gradients.map(([name, g]) => [name, g.map((x) => x * factor)]));
}

function inFloat64(
  subject: Subject,
  engineOptions: AnyOptions,
  gradients: (step: number) => Record<string, ArrayLike<number>>,
): Record<string, Float64Array> {
  const engine = new Float64Optimizer([{ rule: subject.rule, options: subject.with() }], engineOptions);
  for (const info of allParameters) engine.add(info, initialValue(info));
  for (let step = 1; step <= steps; step++) engine.step(gradients(step));
  return Object.fromEntries(allParameters.map(({ name }) => [name, engine.value(name)]));
}

const plainGradients = (step: number) => every(step) as Record<string, Float32Array>;

/** That clipping is what it says, and nothing where its limit is not reached. */
export function clippingChecks(subject: Subject): Check[] {
  const claims: Record<string, () => Promise<void>> = {
    'clipping the global norm at Infinity equals no clipping, bit for bit, and measures the norm':
      async () => {
        const expected = await trained(subject.make(), steps);
        await withModel(async (model) => {
          const optimizer = subject.make({ clipGlobalNorm: Number.POSITIVE_INFINITY });
          model.train(optimizer, 1, steps);
          const squares = Object.values(plainGradients(steps)).flatMap((g) => [...g].map((x) => x * x));
          const norm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
          const measured = await optimizer.gradientNorm();
          assert(Math.abs(measured! / norm - 1) < 1e-5, `the norm is ${measured}, expected ${norm}`);
          optimizer.dispose();
          assertSameBits(await model.values(), expected, 'clipped at Infinity');
        });
      },
    'clipping the global norm equals gradients scaled by min(1, limit / (norm + 1e-6)), in float64':
      async () => {
        const expected = inFloat64(subject, {}, clipped);
        const values = inFloat64(subject, { clipGlobalNorm: limit }, plainGradients);
        assertClose(values, expected, 'clipped', { tolerance: 1e-12 });
        await assertTensorsAgree(subject, { clipGlobalNorm: limit });
      },
    'clipping by value equals gradients brought into the limits before, bit for bit': async () => {
      const within = (step: number) =>
        Object.fromEntries(
          Object.entries(plainGradients(step)).map(([name, g]) => {
            return [name, g.map((x) => Math.max(-0.125, Math.min(0.125, x)))];
          }),
        );
      const expected = await trained(subject.make(), steps, within);
      const values = await trained(subject.make({ clipValue: 0.125 }), steps);
      assertSameBits(values, expected, 'clipped by value');
      // The norm is that of the values already clipped.
      const both = await trained(subject.make({ clipValue: 0.125, clipGlobalNorm: 0.5 }), steps);
      assertSameBits(
        both,
        await trained(subject.make({ clipGlobalNorm: 0.5 }), steps, within),
        'with the norm',
      );
    },
    'clipping by a value that no gradient reaches changes no bit': async () => {
      const values = await trained(subject.make({ clipValue: 1e6 }), steps);
      assertSameBits(values, await trained(subject.make(), steps), 'clipped at 1e6');
    },
  };
  return Object.entries(claims).map(([claim, run]) => ({
    name: subject.named(claim),
    kind: 'clipping',
    run,
  }));
}
