import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type ContextPlan, decayFrom } from './plan.ts';

/** An experiment file of fixed contexts, as far as the comparison changes it. */
interface FixedContexts {
  readonly name: string;
  readonly evaluation: { readonly points: number };
  readonly optimizers: Readonly<Record<string, FixedContext>>;
}

interface FixedContext {
  /** A rate that rises to its peak and stays there. */
  readonly schedule: Schedule;
  readonly budget: { readonly steps: number };
}

interface Schedule {
  readonly type: 'piecewiseLinear';
  /** Shares of the steps, and of the peak. */
  readonly points: readonly (readonly [share: number, height: number])[];
}

/** Ending of the kinds that are trained with a decay at the end. */
export const decayed = '-decayed';

/** Name of the kind whose context grows. */
export const growing = 'growing';

/** Reads the experiment of the fixed contexts. */
export async function readFixed(file: string): Promise<FixedContexts> {
  return parse(await readFile(file, 'utf8')) as FixedContexts;
}

/**
 * The experiment that decides: the growing run against the fixed ones, with a warm-up of as many steps; and all of them again
 * with a learning rate that decays to 0 over the last fifth of the compute, as one would train in earnest.
 */
export function comparisonFile(fixed: FixedContexts, { plan, decayFromStep }: ContextPlan): string {
  const { steps, phases } = plan;
  const [first] = Object.values(fixed.optimizers) as [FixedContext];
  const [start, peak] = first.schedule.points as [readonly [number, number], readonly [number, number]];
  const points = [start, [(peak[0] * first.budget.steps) / steps, 1]] as const;
  const grown: FixedContext = {
    ...first,
    schedule: { ...first.schedule, points },
    budget: { steps, phases } as FixedContext['budget'],
  };
  const optimizers = {
    [growing]: grown,
    [`${growing}${decayed}`]: withDecay(grown, decayFromStep / steps),
    ...Object.fromEntries(
      Object.entries(fixed.optimizers).map(([name, own]) => [`${name}${decayed}`, withDecay(own, decayFrom)]),
    ),
  };
  return `${JSON.stringify({ ...fixed, name: `${fixed.name}-comparison`, optimizers }, undefined, 1)}\n`;
}

function withDecay({ schedule, ...entry }: FixedContext, from: number): FixedContext {
  return { ...entry, schedule: { ...schedule, points: [...schedule.points, [from, 1], [1, 0]] } };
}
