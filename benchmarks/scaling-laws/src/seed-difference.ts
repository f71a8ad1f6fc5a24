import { mean, standardError } from '@steepest/statistics';

/** How far losses lie above others of the same seeds, which share their weights and the order of their data. */
export interface SeedDifference {
  /** Mean over the seeds, nats per token. */
  readonly behind: number;
  /** Of that mean; `null` of a single seed. */
  readonly standardError: number | null;
}

/** Compares losses with those of a reference, both in the order of their seeds. */
export function seedDifference(losses: readonly number[], reference: readonly number[]): SeedDifference {
  const differences = losses.map((loss, index) => loss - reference[index]!);
  return { behind: mean(differences), standardError: standardError(differences) };
}

/** A difference in the cell of a table, `0.0312 ± 0.0040`. */
export function formatSeedDifference({ behind, standardError }: SeedDifference, digits: number): string {
  return behind.toFixed(digits) + (standardError === null ? '' : ` ± ${standardError.toFixed(digits)}`);
}

/** Whether a difference stands out of the scatter of the seeds, in words. */
export function clearness({ behind, standardError }: SeedDifference): string {
  if (standardError === null) return 'of a single seed';
  return `${Math.abs(behind) > 2 * standardError ? 'more' : 'less'} than two standard errors`;
}
