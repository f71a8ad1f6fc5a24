import { geluGradientKernel, geluKernel } from '@steepest/training-kernels';
import { runElementwise } from './elementwise.ts';
import { implement } from './implement.ts';

/**
 * Phi(x), given exp(-x^2 / 2): the tail Phi(-|x|) is exp(-x^2 / 2) times 1/2 less u times a polynomial in
 * u = 0.22 |x| / (1 + 0.22 |x|). Within 1e-7, and as accurate in relation to the value in the left tail; the same polynomial as in
 * @steepest/wasm-kernels, whose scripts/gelu-coefficients.py finds the coefficients.
 */
const normalDistribution = `
fn normalDistribution(x: f32, bell: f32) -> f32 {
  let m = 0.22 * abs(x);
  let u = m / (m + 1.0);
  var sum = 0.11552931368350983;
  sum = sum * u - 0.3994169533252716;
  sum = sum * u + 0.2902486026287079;
  sum = sum * u + 0.9548143744468689;
  sum = sum * u - 2.8937366008758545;
  sum = sum * u + 3.9713704586029053;
  sum = sum * u - 3.3519058227539062;
  sum = sum * u + 1.8133739233016968;
  let tail = bell * (0.5 - sum * u);
  return select(1.0 - tail, tail, x < 0.0);
}`;

const own = 'let own = x[i];\n  let bell = exp(-0.5 * own * own);';

/** Implements GELU and its gradient. */
export function implementGelu(): string[] {
  return [
    implement(geluKernel, (run, { x }) => {
      const y = run.output(x.shape);
      const value = 'own * normalDistribution(own, bell)';
      const reads = { x: { tensor: x, type: 'f32' } } as const;
      const shader = { uniforms: {}, declarations: normalDistribution, statements: own, value };
      runElementwise(run, y, { ...shader, variant: '', reads }, {});
      return { y };
    }),
    implement(geluGradientKernel, (run, { x, gradient }, { overwrite }) => {
      const result = run.mayOverwrite(x, overwrite) ? run.shared(x) : run.output(x.shape);
      // d/dx x Phi(x) = Phi(x) + x exp(-x^2/2) / sqrt(2 pi)
      const value = 'gradient[i] * (normalDistribution(own, bell) + own * bell * 0.3989422804)';
      const reads = {
        x: { tensor: x, type: 'f32' },
        gradient: { tensor: gradient, type: 'f32' },
      } as const;
      const shader = { uniforms: {}, declarations: normalDistribution, statements: own, value };
      runElementwise(run, result, { ...shader, variant: '', reads }, {});
      return { x: result };
    }),
  ];
}
