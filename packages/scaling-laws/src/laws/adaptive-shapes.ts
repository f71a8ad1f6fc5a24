import type * as z from 'zod/mini';
import { resample } from '../fitting/bootstrap.ts';
import { leastBy, rangeOf } from '../fitting/numbers.ts';
import { axes, line, measuredSeries, residuals, spread } from '../law/chart-parts.ts';
import { defineLaw } from '../law/define-law.ts';
import { countWarning } from '../law/fit-warnings.ts';
import type { FittedLaw } from '../law/fitted-law.ts';
import type { LawChart } from '../law/law.ts';
import { choice, nonNegative, positive } from '../law/option-specs.ts';
import { optional, question, requireOne } from '../law/question.ts';
import { numbers, positiveNumbers, some } from '../law/saved-fit.ts';
import { runColumns } from '../table/run-columns.ts';
import { type Floor, type ShapeRow, searchShapes, shapesOf } from './adaptive-shapes/search-shapes.ts';
import {
  optimalTraversal,
  type ShapeLaw,
  savingAgainst,
  shapeLoss,
  type Traversal,
  type TraversalEnd,
} from './adaptive-shapes/traversal.ts';

/** The laws of all shapes, ascending in shape. */
type Laws = readonly ShapeLaw[];
type Fit = FittedLaw<Laws, ShapeRow>;

const meanings = {
  a: 'scale of the loss above the floor',
  b: 'exponent of the compute',
  c: 'loss that no compute removes, nats/token',
  d: 'compute that the untrained model is ahead by, FLOPs',
};

/** Four constants, and a point left to judge them by. */
const fewest = 5;

/**
 * Laws of several shapes of a model, f(C) = a (C + d)^-b + c each, and the best changes between them while it trains
 * (Anagnostidis et al. 2023, arXiv 2311.03233).
 *
 * Minimizes the sum over rows of Huber_delta of the residuals of log loss by BFGS from many starts. Intervals are bootstrap
 * percentiles over rows resampled within their shape: whole runs where a shape has several that its rows name. The learning
 * rate should be constant after its warm-up, as a loss must not depend on how long a run was meant to be.
 */
export const adaptiveShapesLaw = defineLaw({
  name: 'adaptive-shapes',
  title: 'Changing the shape of a model while it trains',
  formula: 'f_shape(C) = a (C + d)^-b + c; at every loss E the shape of largest d f_shape^-1 / dE',
  source: 'Anagnostidis et al. 2023, arXiv 2311.03233',
  columns: [
    {
      name: 'shape',
      meaning: 'what changes while the model trains, such as the context length',
      quantity: 'positive',
      aliases: ['contextLength', 'context_length', 'context', 'patchSize', 'patch_size'],
      mustVary: true,
    },
    {
      ...runColumns.flops,
      meaning: 'training compute up to this point of a curve',
      aliases: ['C', 'compute', 'Training FLOP'],
      required: true,
      mustVary: true,
    },
    {
      ...runColumns.loss,
      meaning: 'loss at this point, nats/token, evaluated alike for every shape',
      aliases: ['validationLoss', 'val_loss', 'validation_loss'],
    },
    { ...runColumns.run, meaning: 'name of the run, where a shape has several' },
  ],
  points: 'validation',
  options: {
    floor: choice<Floor>('whether every shape has a floor c of its own, or all share one', 'own', [
      'own',
      'shared',
    ]),
    delta: positive('residual of log loss beyond which a row counts linearly', 1e-3),
    typicalExponents: nonNegative('how much each b is held to 0.33; 0 leaves them free', 1),
  },
  bootstrap: 200,
  fit(rows: readonly ShapeRow[], { options, samples, seed, split }) {
    checkShapes(rows);
    const { fitted, heldOut } = split(rows, ({ flops }) => flops);
    const fewPoints = checkShapes(fitted);
    const { laws, objective, again, warnings } = searchShapes(fitted, options);
    return {
      ...{ constants: laws as Laws, objective, fitted, heldOut, details: undefined },
      samples: resample(fitted, again, { samples, seed, within: ({ shape }) => shape, by: ({ run }) => run }),
      warnings: [...warnings, ...fewPoints, ...(samples > 0 ? fewRunsWarning(fitted) : [])],
    };
  },
  estimates: (laws: Laws) =>
    laws.flatMap(({ shape }, index) =>
      (['a', 'b', 'c', 'd'] as const).map((name) => ({
        name: `${name}(${shape})`,
        meaning: meanings[name],
        of: (own: Laws) => own[index]![name],
      })),
    ),
  measured: (row: ShapeRow, laws: Laws) => [
    {
      observed: row.loss,
      predicted: shapeLoss(lawOf(laws, row.shape), row.flops),
      at: row.flops,
      group: String(row.shape),
    },
  ],
  compute: ({ flops }) => flops,
  predict: question(
    {
      flops: 'training compute',
      shape: optional('shape to train in throughout; without it, the best changes of shape'),
    },
    ({ flops, shape }, fit: Fit) => {
      if (shape !== undefined) lawOf(fit.constants, shape);
      const loss = (laws: Laws) =>
        shape === undefined
          ? optimalTraversal(laws, highestLoss(fit), { flops }).loss
          : shapeLoss(lawOf(laws, shape), flops);
      return { values: [fit.value('loss', 'nats/token', loss)], warnings: fit.outside({ flops }) };
    },
  ),
  suggest: question(
    {
      flops: optional('training compute to spend'),
      loss: optional('loss to reach with the least compute'),
    },
    ({ flops, loss }, fit: Fit) => {
      requireOne('adaptive-shapes', { flops, loss });
      const end = flops === undefined ? { loss: loss! } : { flops };
      const traversal = optimalTraversal(fit.constants, highestLoss(fit), end);
      // A resample whose floors all lie above the loss has no answer, and no part in the intervals.
      const again = (laws: Laws, of: (traversal: Traversal) => number) =>
        isOutOfReach(laws, end) ? Number.NaN : of(optimalTraversal(laws, highestLoss(fit), end));
      const without = fit.samples.filter((laws) => isOutOfReach(laws, end)).length;
      let spent = 0;
      return {
        settings: traversal.segments.flatMap((segment, index) => {
          spent += segment.flops;
          return [
            { name: `shape ${index + 1}`, unit: '', value: segment.shape },
            { name: `until ${index + 1}`, unit: 'FLOPs', value: spent },
          ];
        }),
        expected: [
          fit.value('loss', 'nats/token', (laws) => again(laws, (own) => own.loss)),
          fit.value('flops', 'FLOPs', (laws) => again(laws, (own) => own.flops)),
          ...fit.constants.map(({ shape }, index) =>
            fit.value(`saved against shape ${shape}`, '', (laws) =>
              again(laws, (own) => savingAgainst(laws[index]!, own).saved),
            ),
          ),
        ],
        reason: 'at every loss the shape whose law falls fastest per FLOP, the largest d f^-1 / dE',
        warnings: [
          ...fit.outside({ flops: traversal.flops }),
          ...(without === 0
            ? []
            : [
                `no shape reaches the loss in ${without} of ${fit.samples.length} resamples; the intervals leave them out`,
              ]),
        ],
      };
    },
  ),
  charts,
  members: (fit) => ({
    /** Ascending in shape. */
    laws: fit.constants,
    /** Loss in nats per token after some FLOPs in one shape. */
    loss: ({ shape, flops }: { readonly shape: number; readonly flops: number }) =>
      shapeLoss(lawOf(fit.constants, shape), flops),
    /** The traversal of least compute, which changes shape from the highest fitted loss on; it throws for a loss that no shape reaches. */
    traversal: (end: TraversalEnd) => optimalTraversal(fit.constants, highestLoss(fit), end),
    /** What a traversal saves against each shape by itself. */
    savings: (traversal: Traversal) => fit.constants.map((law) => savingAgainst(law, traversal)),
  }),
  saved: {
    constants: some(numbers('shape', 'a', 'b', 'c', 'd')) as z.core.$ZodType,
    unit: positiveNumbers('shape', 'flops', 'loss'),
  },
});

/** The fit of {@link adaptiveShapesLaw}. */
export type AdaptiveShapesFit = ReturnType<typeof adaptiveShapesLaw.restore>;

function lawOf(laws: Laws, shape: number): ShapeLaw {
  const law = laws.find((candidate) => candidate.shape === shape);
  if (law) return law;
  const shapes = laws.map((known) => known.shape).join(', ');
  throw new Error(`adaptive-shapes: there is no law of shape ${shape}, only of ${shapes}`);
}

function highestLoss({ fitted }: Fit): number {
  return rangeOf(fitted.map(({ loss }) => loss)).high;
}

function isOutOfReach(laws: Laws, end: TraversalEnd): boolean {
  return 'loss' in end && end.loss <= Math.min(...laws.map(({ c }) => c));
}

/** How many different values each shape has of something. */
function countsOf(rows: readonly ShapeRow[], of: (row: ShapeRow) => unknown) {
  return shapesOf(rows).map((shape) => ({
    shape,
    count: new Set(rows.filter((row) => row.shape === shape).map(of)).size,
  }));
}

/**
 * A warning where a shape has hardly enough points.
 *
 * @throws Error where there is one shape only, or one of too few points
 */
function checkShapes(rows: readonly ShapeRow[]): readonly string[] {
  const counts = countsOf(rows, ({ flops }) => flops);
  if (counts.length < 2) {
    throw new Error(`adaptive-shapes: needs at least two shapes to change between, got ${counts.length}`);
  }
  const { shape, count } = leastBy(counts, (own) => own.count);
  if (count >= fewest)
    return countWarning({ constants: 4, fitted: `constants of shape ${shape}` }, count, 'points');
  throw new Error(
    `adaptive-shapes: shape ${shape} has points at ${count} computes, too few for four constants: at least ` +
      `${fewest} are needed`,
  );
}

/** Runs of a shape below which percentile intervals proved too narrow: of 95 % ones from 3 runs two in three held the truth. */
const enoughRuns = 6;

/** A warning where intervals come from few whole runs. */
function fewRunsWarning(rows: readonly ShapeRow[]): string[] {
  const counts = countsOf(rows, ({ run }) => run);
  const few = counts.find(({ count }) => count > 1 && count < enoughRuns);
  if (few === undefined) return [];
  return [`shape ${few.shape} has ${few.count} runs: intervals from fewer than ${enoughRuns} are too narrow`];
}

/** Loss over compute by shape, residuals, and the best changes against every shape beyond the data. */
function charts(fit: Fit): LawChart[] {
  const laws = fit.constants;
  const { low: least, high: most } = rangeOf([...fit.fitted, ...fit.heldOut].map(({ flops }) => flops));
  const curves = (x: readonly number[]) =>
    laws.map((law) => line(`law of ${law.shape}`, x, (compute) => shapeLoss(law, compute)));
  const ahead = spread(least, 10 * most);
  const best = (flops: number) => optimalTraversal(laws, highestLoss(fit), { flops }).loss;
  const measured = measuredSeries(fit, ({ at, observed }) => [at, observed]);
  return [
    {
      ...{ kind: 'fit', title: 'Loss of each shape', x: axes.flops, y: axes.loss },
      series: [...measured, ...curves(spread(least, most))],
    },
    residuals(fit, axes.flops, 'Residuals over compute'),
    {
      ...{ kind: 'extrapolation', title: 'Changing shape against keeping one', x: axes.flops, y: axes.loss },
      series: [...curves(ahead), line('best changes of shape', ahead, best)],
    },
  ];
}
