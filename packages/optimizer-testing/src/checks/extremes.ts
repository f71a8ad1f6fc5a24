import type { Check } from '../check.ts';
import { assert } from '../comparison.ts';
import { runInEngine } from '../float64-run.ts';
import { isAllowed, type Subject } from '../subject.ts';
import { allParameters, type GradientsOf, gradientAt } from '../test-model.ts';

const steps = 10;

/** Rounding of float32, over the operations of ten steps. */
const tolerance = 1e-4;

/** Gradients of about the given size whose signs stay what they are, so that the way to go is beyond doubt. */
function steady(size: number): GradientsOf {
  const entries = allParameters.map((info) => {
    const signs = gradientAt(info, 1);
    return [info.name, signs.map((g, index) => size * (1 + (index % 3) / 2) * (g < 0 ? -1 : 1))] as const;
  });
  return () => Object.fromEntries(entries);
}

/** Says what is wrong with a displacement in float32, given that in float64; `undefined` when it is fine. */
function problem(actual: number, exact: number, signBased: boolean): string | undefined {
  if (!Number.isFinite(actual)) return 'is not finite';
  if (actual * exact < 0) return 'went the other way';
  if (Math.abs(actual) > Math.abs(exact) * (1 + tolerance)) return 'went further';
  if (signBased && Math.abs(actual - exact) > Math.abs(exact) * tolerance) return 'did not go as far';
  return undefined;
}

/**
 * That gradients whose squares float32 cannot hold do no harm. A square that becomes zero or infinite may hold a
 * parameter back, but never turns it or drives it on.
 */
export function extremeChecks(subject: Subject): Check[] {
  const { epsilon } = subject.rule.hyperparameters;
  const options = epsilon !== undefined && isAllowed(1e-15, epsilon) ? { epsilon: 1e-15 } : {};
  const { signBased } = subject.record.capabilities;
  const how = signBased
    ? 'move every weight exactly as in float64'
    : 'move no weight further than in float64, or the other way';
  return [1e-30, 1e30].map((size) => ({
    name: subject.named(`gradients of ${size} in float32 ${how}, and make no NaN`),
    kind: 'extremes' as const,
    run: async () => {
      const gradients = steady(size);
      const start = (info: { size: number }) => new Float32Array(info.size);
      const exact = runInEngine(subject, { options, steps, gradients, initialOf: start });
      const values = await subject.trained(options, steps, gradients, subject.parameters, start);
      for (const [name, numbers] of Object.entries(values)) {
        numbers.forEach((actual, index) => {
          const wrong = problem(actual, exact[name]![index]!, signBased);
          assert(
            wrong === undefined,
            `${name}[${index}] ${wrong}: ${actual}, in float64 ${exact[name]![index]}`,
          );
        });
      }
    },
  }));
}
