import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { ContextPlan } from './plan.ts';

/** An experiment file of fixed contexts, as far as the comparison changes it. */
interface FixedContexts {
  readonly name: string;
  readonly schedule: { readonly type: string; readonly points: readonly (readonly [number, number])[] };
  readonly evaluation: { readonly points: number };
  readonly optimizers: Readonly<Record<string, { readonly budget: object }>>;
}

/** Shares of a run at which its learning rate begins to fall, and ends at 0. */
const decay = [
  [0.8, 1],
  [1, 0],
] as const;

/** Ending of the kinds that are trained with a decay at the end. */
export const decayed = '-decayed';

/** Name of the kind whose context grows. */
export const growing = 'growing';

/** Reads the experiment of the fixed contexts. */
export async function readFixed(file: string): Promise<FixedContexts> {
  return parse(await readFile(file, 'utf8')) as FixedContexts;
}

/**
 * The experiment that decides: the growing run beside the fixed ones, under the same conditions; and all of them again with a
 * learning rate that decays to 0 over the last fifth, as one would train in earnest.
 */
export function comparisonFile(fixed: FixedContexts, { plan }: ContextPlan): string {
  const { steps, phases } = plan;
  const [entry] = Object.values(fixed.optimizers);
  const all = { ...fixed.optimizers, [growing]: { ...entry, budget: { steps, phases } } };
  const schedule = { ...fixed.schedule, points: [...fixed.schedule.points, ...decay] };
  const withDecay = Object.entries(all).map(([name, own]) => [`${name}${decayed}`, { ...own, schedule }]);
  const optimizers = { [growing]: all[growing], ...Object.fromEntries(withDecay) };
  return `${JSON.stringify({ ...fixed, name: `${fixed.name}-comparison`, optimizers }, undefined, 1)}\n`;
}
