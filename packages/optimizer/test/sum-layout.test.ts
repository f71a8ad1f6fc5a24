import { describe, expect, it } from 'vitest';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import { SumLayout } from '../src/compiler/sum-layout.ts';
import { wgslKernel } from '../src/compiler/wgsl-kernel.ts';
import { literalInWgsl } from '../src/compiler/wgsl-operations.ts';
import { mapTables } from '../src/compiler/wgsl-packing.ts';
import {
  add,
  type Expression,
  mean,
  memoryTraffic,
  mul,
  type Shape,
  sub,
  sum,
  type UpdatePlan,
} from '../src/index.ts';
import { tensorSymbol } from '../src/rule/expression.ts';
import { dynamicMaps } from '../src/state-formats/dynamic-map.ts';

const numbersOf = ({
  sums,
  terms,
  parts,
  lanes,
  laneStride,
  sumStride,
  sumGroups,
  words,
  groups,
}: SumLayout) => ({
  ...{ sums, terms, parts, lanes, laneStride, sumStride, sumGroups, words, groups },
});

describe('invocations of workgroups of 256 share sums', () => {
  it.each<[string, Parameters<typeof SumLayout.of>, object]>([
    [
      // 300,000 / (256 * 8) parts: an invocation adds up eight terms at least.
      'one of neighbors, in parts',
      [1, 300_000, true],
      { parts: 146, lanes: 256, laneStride: 1, sumStride: 256, sumGroups: 1, words: 2 * 146, groups: 146 },
    ],
    [
      'one of neighbors, in no more parts than keep a device busy',
      [1, 2 ** 22, true],
      { parts: 1024, lanes: 256, laneStride: 1, sumStride: 256, sumGroups: 1, words: 2048, groups: 1024 },
    ],
    [
      // Four invocations a sum: 64 sums a workgroup.
      'few terms that are neighbors',
      [65, 3, true],
      { parts: 1, lanes: 4, laneStride: 1, sumStride: 4, sumGroups: 2, words: 0, groups: 2 },
    ],
    [
      // One read of memory serves 32 neighboring sums, so that 8 invocations are left for each.
      'many sums that are neighbors',
      [1000, 1000, false],
      { parts: 15, lanes: 8, laneStride: 32, sumStride: 1, sumGroups: 32, words: 30_000, groups: 480 },
    ],
    [
      'three sums that are neighbors, of which four fit',
      [3, 1000, false],
      { parts: 1, lanes: 64, laneStride: 4, sumStride: 1, sumGroups: 1, words: 0, groups: 1 },
    ],
    [
      'sums of fewer terms than invocations',
      [40, 2, false],
      { parts: 1, lanes: 2, laneStride: 128, sumStride: 1, sumGroups: 1, words: 0, groups: 1 },
    ],
    [
      // 1024 groups over 32 groups of sums are 32 parts of each.
      'many long sums, in parts that keep a device busy',
      [1000, 100_000, false],
      { parts: 32, lanes: 8, laneStride: 32, sumStride: 1, sumGroups: 32, words: 64_000, groups: 1024 },
    ],
  ])('%s', (_, [sums, terms, areNeighbors], expected) => {
    expect(numbersOf(SumLayout.of(sums, terms, areNeighbors))).toEqual({ sums, terms, ...expected });
  });

  it.each<[Parameters<typeof SumLayout.of>, object]>([
    [[1, 300_000, true], { sums: 1, terms: 146, lanes: 256, laneStride: 1, sumStride: 1, sumGroups: 1 }],
    [[1000, 1000, false], { sums: 1000, terms: 15, lanes: 8, laneStride: 32, sumStride: 1, sumGroups: 32 }],
    [[3, 5000, false], { sums: 3, terms: 9, lanes: 16, laneStride: 16, sumStride: 1, sumGroups: 1 }],
  ])('and the parts of %j', (layout, expected) => {
    const ofParts = numbersOf(SumLayout.ofParts(SumLayout.of(...layout)));
    expect(ofParts).toMatchObject({ ...expected, parts: 1, words: 0 });
  });
});

function planOf(
  shapes: Readonly<Record<string, Shape>>,
  build: (tensors: Readonly<Record<string, Expression>>) => Record<string, Expression>,
): UpdatePlan {
  const tensors = Object.entries(shapes).map(([name, shape]) => [name, tensorSymbol(name, shape)]);
  return { shapes, slots: {}, outputs: build(Object.fromEntries(tensors)) };
}

describe('the dispatches of a plan', () => {
  const dispatchesOf = (plan: UpdatePlan) =>
    wgslKernel(kernelProgram(plan)!).dispatches.map(({ entryPoint, groups }) => `${entryPoint} ${groups}`);

  it('take at most four sums each over the same axes, and write in the last', () => {
    const ofSums = (count: number) =>
      planOf({ parameter: [600, 3], kept: [600, 3] }, ({ parameter, kept }) => ({
        kept: mul(kept!, 2),
        parameter: Array.from({ length: count }, (_, index) => sum(add(parameter!, index))).reduce(
          (total, each) => add(total, each),
          mul(parameter!, 0),
        ),
      }));
    // Of 1800 elements no sum is worth parts; 1800 / 256 are 7.03 workgroups.
    expect(dispatchesOf(ofSums(4))).toEqual(['pass0_sums0 1', 'pass1 8']);
    expect(dispatchesOf(ofSums(5))).toEqual(['pass0_sums0 1', 'pass0_sums1 1', 'pass1 8']);
  });

  it('write packed slots in one of their own beside sums, and none where there is nothing to write', () => {
    const shapes = { kept: [600, 3], row: [1, 3] };
    const together = planOf(shapes, ({ kept, row }) => ({
      kept: mul(kept!, 2),
      row: sub(row!, mean(kept!, [0])),
    }));
    const formats = { kept: 'bfloat16' } as const;
    expect(dispatchesOf(together)).toEqual(['pass0_sums0 1', 'pass1 1']);
    expect(dispatchesOf({ ...together, formats })).toEqual(['pass0_sums0 1', 'pass0 8', 'pass1 1']);
    const after = planOf(shapes, ({ kept, row }) => ({ kept: mul(kept!, mean(kept!)), row: row! }));
    for (const plan of [after, { ...after, formats }]) {
      expect(dispatchesOf(plan)).toEqual(['pass0_sums0 1', 'pass1 8']);
    }
  });

  it('give an element an invocation, 256 to a workgroup', () => {
    const doubled = (length: number) =>
      planOf({ parameter: [length] }, ({ parameter }) => ({ parameter: mul(parameter!, 2) }));
    expect([1, 256, 257].map((length) => dispatchesOf(doubled(length)))).toEqual([
      ['pass0 1'],
      ['pass0 1'],
      ['pass0 2'],
    ]);
  });

  it('add up the parts of a long sum in one of their own', () => {
    const centered = planOf({ parameter: [300_000] }, ({ parameter }) => ({
      parameter: sub(parameter!, mean(parameter!)),
    }));
    expect(dispatchesOf(centered)).toEqual(['pass0_sums0 146', 'pass0_sums0_parts 1', 'pass1 1172']);
  });
});

it('a number is a literal of WGSL if it is one that devices keep', () => {
  expect([1.5, 0, 1e30, 0.1].map(literalInWgsl)).toEqual([
    '1.5f',
    '0f',
    '1.0000000150474662e+30f',
    '0.10000000149011612f',
  ]);
  expect([-2.5, -1].map(literalInWgsl)).toEqual(['(-2.5f)', '(-1f)']);
  // The smallest normal float32, and what lies below it.
  expect(literalInWgsl(2 ** -126)).toBe(`${2 ** -126}f`);
  expect(literalInWgsl(-(2 ** -126))).toBe(`(${-(2 ** -126)}f)`);
  for (const none of [2 ** -127, -1e-40, -0, Infinity, -Infinity, Number.NaN, 1e39]) {
    expect(literalInWgsl(none)).toBeUndefined();
  }
  // It rounds to 0, which is kept.
  expect(literalInWgsl(1e-60)).toBe('0f');
});

it('the tables of a device are the values and the boundaries of the signed map, then those of the other', () => {
  const { signed, unsigned } = dynamicMaps;
  expect([...mapTables()]).toEqual(
    [signed.values, signed.boundaries, unsigned.values, unsigned.boundaries].flatMap((table) => [...table]),
  );
});

describe('the memory traffic of packed slots', () => {
  it('is that of their words: a byte an element and four for every 256 of them, or two an element', () => {
    const plan = planOf(
      { parameter: [1000], gradient: [1000], slot: [1000] },
      ({ parameter, gradient, slot }) => ({
        parameter: sub(parameter!, slot!),
        slot: add(slot!, gradient!),
      }),
    );
    const traffic = (format: '8bit-signed' | 'bfloat16') =>
      memoryTraffic({ ...plan, formats: { slot: format } });
    const others = 3 * 4000;
    expect(traffic('8bit-signed')).toEqual({ moved: others + 2 * 1016, least: others + 2 * 1016 });
    expect(traffic('bfloat16')).toEqual({ moved: others + 2 * 2000, least: others + 2 * 2000 });
    expect(memoryTraffic(plan)).toEqual({ moved: others + 2 * 4000, least: others + 2 * 4000 });
  });
});
