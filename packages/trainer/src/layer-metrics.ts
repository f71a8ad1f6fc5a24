import type { StepMetrics } from '@steepest/optimizer';
import type { LayerMetrics } from '@steepest/run-files';

/**
 * Sums the norms of a step up by role. The effective learning rate of a tensor is `|update| / |gradient|`, by which plain
 * gradient descent would take a step of the same length: for Adalayer without momentum it is
 * `learningRate / (sqrt(v) + epsilon)`, the quantity that Zhao et al. 2024 (arXiv 2407.07972, section 4) compare between
 * layers. The spread within a role is the adaptivity that its tensors get and SGD has not: SGD without momentum has 1.
 * Tensors without a gradient do not count; what is not a finite number is `null`.
 */
export function layerMetrics({ parameters }: StepMetrics): LayerMetrics {
  const byRole = new Map<string, StepMetrics['parameters'][number][]>();
  for (const parameter of parameters) {
    const { role = 'other' } = parameter;
    byRole.set(role, [...(byRole.get(role) ?? []), parameter]);
  }
  const roles = [...byRole].map(([role, own]) => {
    const norm = (key: 'gradientNorm' | 'updateNorm' | 'parameterNorm') =>
      Math.sqrt(own.reduce((sum, parameter) => sum + parameter[key] ** 2, 0));
    const [gradientNorm, updateNorm, parameterNorm] = [
      norm('gradientNorm'),
      norm('updateNorm'),
      norm('parameterNorm'),
    ];
    const rates = own.flatMap((tensor) =>
      tensor.gradientNorm > 0 ? [tensor.updateNorm / tensor.gradientNorm] : [],
    );
    const spread = rates.length === 0 ? Number.NaN : Math.max(...rates) / Math.min(...rates);
    return [
      role,
      {
        gradientNorm: finite(gradientNorm),
        updateNorm: finite(updateNorm),
        parameterNorm: finite(parameterNorm),
        updateToWeight: finite(updateNorm / parameterNorm),
        effectiveRateSpread: finite(spread),
      },
    ] as const;
  });
  return Object.fromEntries(roles);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
