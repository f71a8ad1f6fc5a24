import { expect, it } from 'vitest';
import {
  adaptiveShapesLaw,
  chinchillaLaw,
  envelopeLaw,
  isoflopLaw,
  type LawOptions,
  minimize,
  Table,
} from '../src/index.ts';

const nothing: { number?: number | undefined; list?: string[] | undefined } = {};
const { number, list } = nothing;
const common = { bootstrap: 0, seed: number, confidence: number, holdOut: undefined };

const runs = [1e7, 3e7, 1e8, 3e8, 1e9].flatMap((parameters) =>
  [5, 20, 80].map((ratio) => ({
    ...{ parameters, tokens: ratio * parameters },
    loss: 1.8 + 480 / parameters ** 0.35 + 2100 / (ratio * parameters) ** 0.37,
  })),
);
const points = [16, 64].flatMap((shape) =>
  [1e15, 2e15, 4e15, 8e15, 16e15, 32e15].map((flops) => ({ shape, flops, loss: 2 + (flops / 1e15) ** -0.3 })),
);

it('options may be undefined where they may be left out, in types and at run time', () => {
  expect(chinchillaLaw.fit(runs, { ...common, delta: number, finish: number }).constants).toEqual(
    chinchillaLaw.fit(runs, { bootstrap: 0 }).constants,
  );
  expect(
    adaptiveShapesLaw.fit(points, { ...common, floor: undefined, typicalExponents: number }).laws,
  ).toEqual(adaptiveShapesLaw.fit(points, { bootstrap: 0 }).laws);
  const options: LawOptions = { ...common, columns: undefined, bestOf: list, mix: list };
  expect(chinchillaLaw.fit(Table.fromRows('t', runs), options).constants).toEqual(
    chinchillaLaw.fit(runs, { bootstrap: 0 }).constants,
  );
  expect(adaptiveShapesLaw.fit(Table.fromRows('t', points), options).laws).toHaveLength(2);
  expect(() =>
    isoflopLaw.fit(runs, { ...common, curve: undefined, noise: number, tolerance: number }),
  ).toThrow('isoflop: 0 budgets with a minimum');
  expect(() => envelopeLaw.fit([], { ...common, points: number })).toThrow('envelope:');
  const square = (point: Float64Array, gradient: Float64Array) => {
    gradient[0] = 2 * point[0]!;
    return point[0]! ** 2;
  };
  expect(minimize(square, [3], { maxIterations: number, gradientTolerance: number }).point[0]).toBeCloseTo(
    0,
    8,
  );
});
