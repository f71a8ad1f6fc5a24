import { firstDifference, type MetricsLine, requireSame } from '@steepest/run-files';
import type { TrainingOptimizer } from './interfaces.ts';
import type { RunSettings } from './run-settings.ts';
import type { StoredRun } from './stores/run-store.ts';

type Container = StoredRun['container'];

/** The learning rate of the last step, of the parameters in no group; `null` where the optimizer does not say. */
export function learningRateInForce(optimizer: TrainingOptimizer): number | null {
  return learningRateAt(optimizer, Math.max(1, optimizer.iterations ?? 1));
}

function learningRateAt(optimizer: TrainingOptimizer, step: number): number | null {
  return optimizer.hyperparametersAt?.(step).at(-1)?.values.learningRate ?? null;
}

/**
 * Compares the settings of a run with those that its folder holds.
 *
 * @param file holds the present ones
 * @param container what the run is stored in, for the remedy
 * @returns whether the run is to be longer than it was
 * @throws Error naming the first setting that differs
 */
export function comparesAsLonger(
  file: string,
  present: RunSettings,
  wanted: RunSettings,
  container: Container = 'folder',
): boolean {
  if (firstDifference(present, wanted) === undefined) return false;
  requireSame(file, withoutLength(present), withoutLength(wanted), container);
  if (wanted.steps > present.steps) return true;
  if (wanted.steps === present.steps) requireSame(file, present, wanted, container);
  throw new Error(
    `${file} holds a run of ${present.steps} steps, and ${wanted.steps} are asked for: a run can be made longer, not shorter; ` +
      `use another ${container}`,
  );
}

/** The settings but for the number of steps, and the steps of evaluations, which depend on it. */
function withoutLength({ steps: _, evaluation, ...rest }: RunSettings): object {
  return { ...rest, evaluation: { sequences: evaluation.sequences } };
}

/**
 * A longer run continues a shorter one only if that was its beginning: the learning rates that the metrics hold are those that
 * the optimizer has for the same steps now.
 *
 * @throws Error saying which is not, or that it cannot be known, and what to do
 */
export function requireSameRates(
  optimizer: TrainingOptimizer,
  lines: readonly MetricsLine[],
  steps: { readonly taken: number; readonly before: number; readonly wanted: number },
  container: Container = 'folder',
): void {
  const longer = `the run had ${steps.before} steps and is to have ${steps.wanted}`;
  const permit = `pass extend: true to continue all the same, or use another ${container}`;
  // Accumulation and skipped steps count otherwise.
  const countsAlike = optimizer.iterations === steps.taken;
  for (const line of lines) {
    if (line.kind !== 'train') continue;
    const rate = countsAlike ? learningRateAt(optimizer, line.step) : null;
    if (rate === null || line.learningRate === null) {
      throw new Error(
        `${longer}, but whether its learning rates so far would be the same cannot be known; ${permit}`,
      );
    }
    if (rate === line.learningRate) continue;
    throw new Error(
      `${longer}, but its learning rate at step ${line.step} was ${line.learningRate} and would be ${rate}: ` +
        `the schedule depends on the number of steps; ${permit}`,
    );
  }
}
