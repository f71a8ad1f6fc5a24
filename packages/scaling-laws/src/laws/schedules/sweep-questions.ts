import type { QuerySpec } from '../../law/law.ts';
import type { ConvergenceEscapeConstants } from './convergence-escape.ts';

const place: readonly QuerySpec[] = [
  { name: 'parameters', meaning: 'size of the model, counted as the fitted ones were' },
  { name: 'batchTokens', meaning: 'tokens per step' },
  { name: 'totalSteps', meaning: 'steps of the run', whole: true },
];

export const sweepPredictions: readonly QuerySpec[] = [
  ...place,
  { name: 'learningRate', meaning: 'peak learning rate' },
  { name: 'warmupSteps', meaning: 'steps of the warm-up; none where left out', required: false, whole: true },
  {
    name: 'decaySteps',
    meaning: 'steps of a straight decay to 0 at the end; a cosine to 0 where left out',
    required: false,
    whole: true,
  },
];

export const sweepSuggestions: readonly QuerySpec[] = place;

/** A schedule to try, in numbers. */
export interface TriedSchedule {
  readonly totalSteps: number;
  readonly learningRate: number;
  readonly schedule: 'cosine' | 'warmupStableDecay';
  readonly warmupSteps: number;
  readonly decaySteps?: number | undefined;
}

/** Cosines, and constant rates with a decay over shares of the run, of several warm-ups and peaks within the range. */
export function candidates(totalSteps: number, [low, high]: readonly [number, number]): TriedSchedule[] {
  const peaks = Array.from({ length: 13 }, (_, index) => low * (high / low) ** (index / 12));
  const shapes = [
    { schedule: 'cosine' as const },
    ...[0.1, 0.2, 0.4, 0.8].map((share) => ({
      schedule: 'warmupStableDecay' as const,
      decaySteps: Math.max(1, Math.round(share * totalSteps)),
    })),
  ];
  return [0.01, 0.03, 0.1, 0.2].flatMap((share) =>
    shapes.flatMap((shape) =>
      peaks.map((learningRate) => ({
        totalSteps,
        learningRate,
        warmupSteps: Math.round(share * totalSteps),
        ...shape,
      })),
    ),
  );
}

interface Meaning {
  readonly name: string;
  readonly meaning: string;
  readonly of: (constants: ConvergenceEscapeConstants) => number;
}

/** The parameters of the law. */
export const meanings: readonly Meaning[] = [
  ...(
    [
      ['E', 'loss that neither training nor size removes, nats/token'],
      ['F', 'loss from the size at N0; 0 where all runs are of one size'],
      ['A', 'scale of the loss that drift removes: A S^-alpha'],
      ['alpha', 'exponent of the drift'],
      ['V', 'noise that a step adds, by its rate squared'],
      ['b', 'exponent with which later rates contract the noise'],
      ['c', 'summed rate over which the noise begins to contract'],
      ['edge', 'rate above which steps go back and forth, at N0'],
      ['epsilon', 'exponent of the size in the edge; 0 where all runs are of one size'],
    ] as const
  ).map(([name, meaning]) => ({
    name,
    meaning,
    of: (own: ConvergenceEscapeConstants) => own.convergence[name],
  })),
  ...(
    [
      ['h', 'log of the risk of a steady step at lr0 and N0'],
      ['p', 'exponent of the rate in the risk'],
      ['q', 'exponent of the rise of the rate in the risk'],
      ['n', 'exponent of the size in the risk'],
    ] as const
  ).map(([name, meaning]) => ({ name, meaning, of: (own: ConvergenceEscapeConstants) => own.escape[name] })),
];
