import { describe, expect, it } from 'vitest';
import { axesOf, blocksOf, crossesBlocks } from '../src/compiler/blocks.ts';
import type { Pass } from '../src/compiler/kernel-program.ts';
import { collapseAxes, sizeOf } from '../src/compiler/layout.ts';
import { add, type Shape, tensorSymbol } from '../src/rule/expression.ts';

/** A pass over the axes of a mask, with sums that keep the axes of some others. */
function passOf(mask: number, ...sums: number[]): Pass {
  const reductions = sums.map((kept, temporary) => ({ temporary, mask: kept, value: 0, divisor: 1 }));
  return { mask, instructions: [], stores: [], reductions, isPacked: false };
}

describe('a pass is cut along its outermost axis', () => {
  it.each<[string, readonly number[], Pass, { count: number; length: number }]>([
    ['not, where it has no axis', [], passOf(0), { count: 1, length: 4096 }],
    ['not, where it is small', [4096], passOf(1), { count: 1, length: 4096 }],
    ['into blocks of 4096 elements', [12_288], passOf(1), { count: 3, length: 4096 }],
    ['with a shorter last block', [12_289], passOf(1), { count: 4, length: 4096 }],
    // 3,000,000 / 240 is 12,500, of which the next multiple of 64 is 12,544.
    ['into at most 240 blocks', [3_000_000], passOf(1), { count: 240, length: 12_544 }],
    // 3,000,000 / 24 is 125,000, of which the next multiple of 64 is 125,056.
    ['into at most 24, where each has a sum', [3_000_000], passOf(1, 0), { count: 24, length: 125_056 }],
    ['by rows of 4096 elements or more', [100, 1000], passOf(3), { count: 20, length: 5 }],
    ['into at most 240 blocks of rows', [1000, 5000], passOf(3), { count: 200, length: 5 }],
    // Sums of 1000: 64,000 elements a block, 64 rows.
    ['into blocks worth the sums of each', [256, 1000], passOf(3, 2), { count: 4, length: 64 }],
    // One sum a row: a block has those of its own rows.
    ['freely, where no sum crosses blocks', [256, 1000], passOf(3, 1), { count: 52, length: 5 }],
    ['along the first axis that it has', [7, 12_288], passOf(2), { count: 3, length: 4096 }],
  ])('%s', (_, dimensions, pass, blocks) => {
    expect(blocksOf(pass, dimensions)).toEqual(blocks);
  });

  // The scales of packed slots are of 256 elements, which a block of the pass holds whole.
  it.each<[string, readonly number[], Pass, { count: number; length: number }]>([
    ['into blocks of 1024 elements', [12_288], passOf(1), { count: 12, length: 1024 }],
    ['with a shorter last block', [12_289], passOf(1), { count: 13, length: 1024 }],
    ['into any number of blocks', [3_000_000], passOf(1), { count: 2930, length: 1024 }],
    // 1024 / 64 rows, of which four have 256 elements.
    ['by rows that divide a block of a slot', [100, 64], passOf(3), { count: 7, length: 16 }],
    // Eight rows of 96 are three blocks of a slot: eleven rows would have 1024 elements.
    ['by rows that only together divide blocks', [100, 96], passOf(3), { count: 7, length: 16 }],
    ['by rows of an odd length', [301, 127], passOf(3), { count: 2, length: 256 }],
    ['by long rows', [10, 4096], passOf(3), { count: 10, length: 1 }],
    // 125,000 elements a block, of which the next multiple of 256 is 125,184.
    ['into at most 24, where each has a sum', [3_000_000], passOf(1, 0), { count: 24, length: 125_184 }],
  ])('%s where slots are packed', (_, dimensions, pass, blocks) => {
    expect(blocksOf({ ...pass, isPacked: true }, dimensions)).toEqual(blocks);
  });
});

it('a sum crosses blocks where it is over the outermost axis', () => {
  const pass = passOf(6, 4, 2, 0);
  expect(pass.reductions.map((reduction) => crossesBlocks(reduction, pass, [5, 3, 2]))).toEqual([
    true,
    false,
    true,
  ]);
  expect(crossesBlocks(passOf(0, 0).reductions[0]!, passOf(0), [])).toBe(true);
});

it('a mask names axes, and has the elements along them', () => {
  expect(axesOf(5, [2, 3, 4])).toEqual([0, 2]);
  expect(axesOf(0, [2, 3])).toEqual([]);
  expect([0, 1, 2, 3, 5, 7].map((mask) => sizeOf(mask, [2, 3, 4]))).toEqual([1, 2, 3, 6, 8, 24]);
});

describe('the axes of a plan', () => {
  const layoutOf = (...shapes: Shape[]) => {
    const symbols = shapes.map((shape, index) => tensorSymbol(`t${index}`, shape));
    const outputs = Object.fromEntries(symbols.map((symbol) => [symbol.name, symbol]));
    const shapesByName = Object.fromEntries(symbols.map(({ name, shape }) => [name, shape]));
    return collapseAxes(symbols, { outputs, shapes: shapesByName, slots: {} });
  };

  it.each<[Shape[], readonly number[], number[]]>([
    // What no tensor tells apart is one axis, and axes of length 1 are none.
    [[[2, 3, 4]], [24], [1]],
    [[[1, 5, 1]], [5], [1]],
    [[[]], [], [0]],
    [
      [
        [2, 3, 4],
        [1, 3, 4],
      ],
      [2, 12],
      [3, 2],
    ],
    [
      [
        [2, 3, 4],
        [2, 3, 1],
      ],
      [6, 4],
      [3, 1],
    ],
    [
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
      [2, 3, 4],
      [7, 5],
    ],
    // Neighbors join across an axis of length 1.
    [
      [
        [2, 1, 3],
        [1, 1, 1],
      ],
      [6],
      [1, 0],
    ],
    // Three neighbors join, of which the last is compared with its own neighbor.
    [
      [
        [5, 2, 3, 4],
        [5, 1, 1, 1],
      ],
      [5, 24],
      [3, 1],
    ],
    [
      [
        [2, 3, 4, 5],
        [1, 3, 4, 1],
      ],
      [2, 12, 5],
      [7, 2],
    ],
    // Shapes of a lower rank have the last axes.
    [
      [[2, 3], [3], []],
      [2, 3],
      [3, 2, 0],
    ],
    [
      [[7], [2, 3, 7]],
      [6, 7],
      [2, 3],
    ],
  ])('of %j are %j', (shapes, dimensions, masks) => {
    const layout = layoutOf(...shapes)!;
    expect(layout.dimensions).toEqual(dimensions);
    expect(shapes.map((shape) => layout.maskOf(shape))).toEqual(masks);
    for (const shape of shapes) {
      const size = shape.reduce((product, length) => product * length, 1);
      expect(layout.sizeOf(layout.maskOf(shape))).toBe(size);
    }
  });

  it.each<Shape[][]>([
    [[[3, 0]]],
    [
      [
        [3, 4],
        [2, 1],
      ],
    ],
    [[[4], [3]]],
  ])('are none of %j', (shapes) => {
    expect(layoutOf(...shapes)).toBeUndefined();
  });

  it('count what outputs have beside their expressions', () => {
    const scalar = add(tensorSymbol('row', [4]), 1);
    const plan = { outputs: { parameter: scalar }, shapes: { parameter: [3, 4] }, slots: {} };
    expect(collapseAxes([scalar], plan)!.dimensions).toEqual([3, 4]);
  });
});
