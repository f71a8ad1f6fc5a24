import { mean } from '@steepest/statistics';
import { gridStarts } from '../../fitting/minimize.ts';
import { geometricMean, rangeOf, sum } from '../../fitting/numbers.ts';
import { type SearchedConstant, searchLaw } from '../../law/search.ts';
import type { ShapeLaw } from './traversal.ts';

/** A point of a loss curve: a model trained in one shape for some FLOPs. */
export interface ShapeRow {
  readonly shape: number;
  readonly flops: number;
  /** In nats per token, measured alike for every shape. */
  readonly loss: number;
  /** Runs to resample together; points of one curve are not independent. */
  readonly run?: string | undefined;
}

/** The shapes of rows, ascending. */
export function shapesOf(rows: readonly ShapeRow[]): number[] {
  return [...new Set(rows.map(({ shape }) => shape))].sort((a, b) => a - b);
}

/** Whether every shape has a floor of its own, or all have the same. */
export type Floor = 'own' | 'shared';

interface SearchOptions {
  readonly floor: Floor;
  readonly delta: number;
  readonly typicalExponents: number;
}

const letters = ['a', 'b', 'c', 'd'] as const;
/**
 * Exponent of the tokens in the loss of one model: 0.28 by Hoffmann et al. 2022 (arXiv 2203.15556), 0.37 by Besiroglu et al.
 * 2024 (arXiv 2404.10102). A short, noisy curve hardly tells b from c and d, and without a hold follows its noise into exponents
 * that extrapolate badly.
 */
const typicalExponent: SearchedConstant = { typical: [0.33, 2] };

/** Searches the laws of all shapes: each by itself where they share nothing, else all together. */
export function searchShapes(rows: readonly ShapeRow[], options: SearchOptions) {
  const parts = options.floor === 'shared' ? [shapesOf(rows)] : shapesOf(rows).map((shape) => [shape]);
  const found = parts.map((shapes) => searchTogether(shapes, rows, options));
  return {
    laws: found.flatMap(({ laws }) => laws),
    objective: sum(found.map(({ objective }) => objective)),
    warnings: [...new Set(found.flatMap(({ warnings }) => warnings))],
    /** The laws of a resample of the rows. */
    again: (sample: readonly ShapeRow[]) => found.flatMap(({ again }) => again(sample)),
  };
}

function searchTogether(
  shapes: readonly number[],
  all: readonly ShapeRow[],
  { floor, delta, typicalExponents }: SearchOptions,
) {
  const ofShapes = all.filter(({ shape }) => shapes.includes(shape));
  const center = geometricMean(ofShapes.map(({ flops }) => flops));
  // In FLOPs over their center a change of b hardly moves the law, and a is the loss above the floor where the data are.
  const scaled = (rows: readonly ShapeRow[]) =>
    rows.flatMap((row) => (shapes.includes(row.shape) ? [{ ...row, flops: row.flops / center }] : []));
  const rows = scaled(ofShapes);
  const nameOf = (letter: string, shape: number) =>
    floor === 'shared' && letter === 'c' ? 'c' : `${letter}(${shape})`;
  const constants = Object.fromEntries(
    shapes.flatMap((shape) =>
      letters.map((letter) => [nameOf(letter, shape), letter === 'b' ? typicalExponent : {}]),
    ),
  );
  const order = Object.keys(constants);
  const places = new Map(
    shapes.map((shape) => [shape, letters.map((letter) => order.indexOf(nameOf(letter, shape)))]),
  );
  const lawsOf = (values: Readonly<Record<string, number>>) =>
    shapes.map((shape): ShapeLaw => {
      const [a, b, c, d] = letters.map((letter) => values[nameOf(letter, shape)]!) as Four;
      return { shape, a: a * center ** b, b, c, d: d * center };
    });
  const { again, ...found } = searchLaw(rows, startsOf(rows, shapes, nameOf), {
    ...{ constants, delta, finish: 8, gradientTolerance: 1e-9 },
    // As an error at every point of one shape.
    typicalExponents: typicalExponents / shapes.length,
    predict({ shape, flops }, point, gradient) {
      const [atA, atB, atC, atD] = places.get(shape) as Four;
      const [b, c, d] = [Math.exp(point[atB]!), Math.exp(point[atC]!), Math.exp(point[atD]!)];
      const distance = Math.log(flops + d);
      const excess = Math.exp(point[atA]! - b * distance);
      const loss = excess + c;
      gradient.fill(0);
      gradient[atA] = excess / loss;
      gradient[atB] = (-b * distance * excess) / loss;
      gradient[atC] = c / loss;
      gradient[atD] = (-b * (d / (flops + d)) * excess) / loss;
      return Math.log(loss);
    },
  });
  return {
    ...found,
    laws: lawsOf(found.constants),
    again: (sample: readonly ShapeRow[]) => lawsOf(again(scaled(sample))),
  };
}

type Four = [number, number, number, number];

/** A grid of floors below the lowest loss, exponents and head starts, each with the terms a that match the data. */
function startsOf(
  rows: readonly ShapeRow[],
  shapes: readonly number[],
  nameOf: (letter: string, shape: number) => string,
) {
  const lowest = rangeOf(rows.map(({ loss }) => loss)).low;
  const grid = gridStarts([
    [0.3, 0.6, 0.85, 0.97],
    [0.1, 0.25, 0.5, 1],
    [1e-3, 0.03, 0.3],
  ]) as [share: number, b: number, headStart: number][];
  return grid.map(([share, b, d]) => {
    const c = share * lowest;
    const entries = shapes.flatMap((shape) => {
      const own = rows.filter((row) => row.shape === shape);
      const a = Math.exp(mean(own.map(({ flops, loss }) => Math.log(loss - c) + b * Math.log(flops + d))));
      return Object.entries({ a, b, c, d }).map(([letter, value]) => [nameOf(letter, shape), value]);
    });
    return Object.fromEntries(entries) as Record<string, number>;
  });
}
