import { intervalReach } from '@steepest/statistics';
import { describe, expect, it } from 'vitest';
import { toleranceOf as toleranceOfKey } from '../src/statistics/tolerance.ts';

const curve = (losses: Readonly<Record<string, number | null>>) => ({
  points: Object.entries(losses).map(([value, loss]) => ({
    value: Number(value),
    loss,
    deviation: null,
    losses: {},
    trials: 1,
    diverged: loss === null ? 1 : 0,
    stopped: 0,
  })),
});

const toleranceOf = (swept: ReturnType<typeof curve>, key = 'learningRate') => toleranceOfKey(swept, key);

describe('the tolerance of a learning rate', () => {
  it('is the width within 0.05 nats of the best, interpolated in the logarithm', () => {
    // Half of the way to 0.1 above the best on either side, which is a quarter of a decade each.
    const found = toleranceOf(curve({ 0.01: 3.1, [10 ** -1.5]: 3, 0.1: 3.1 }))!;
    expect(found.halfDecades).toBeCloseTo(1, 12);
    expect(found.range[0]).toBeCloseTo(10 ** -1.75, 12);
    expect(found.range[1]).toBeCloseTo(10 ** -1.25, 12);
    expect(found).toMatchObject({ best: 10 ** -1.5, bounded: true });
  });

  it('does not depend on what was tried beyond', () => {
    const some = { 0.01: 3.1, [10 ** -1.5]: 3, 0.1: 3.1 };
    expect(toleranceOf(curve({ ...some, 1: 9, 0.001: 7, 10: null }))).toEqual(toleranceOf(curve(some)));
  });

  it('ends at the last value that has a loss where the next one diverged', () => {
    const found = toleranceOf(curve({ 0.01: 3.2, 0.1: 3, 1: null }))!;
    expect(found.range[1]).toBe(0.1);
    // A quarter of the decade below, for 0.05 of 0.2.
    expect(found.halfDecades).toBeCloseTo(0.5, 12);
    expect(found.bounded).toBe(true);
  });

  it('does not end at a value whose trials failed or have not ended', () => {
    const { points } = curve({ 0.01: 3.2, 0.1: 3, 1: null });
    const failed = points.map((point) => (point.value === 1 ? { ...point, diverged: 0 } : point));
    expect(toleranceOf({ points: failed })).toEqual(toleranceOf(curve({ 0.01: 3.2, 0.1: 3 })));
    expect(toleranceOf({ points: failed })!.bounded).toBe(false);
    const stopped = failed.map((point) => (point.value === 1 ? { ...point, stopped: 1 } : point));
    expect(toleranceOf({ points: stopped })!.bounded).toBe(true);
  });

  it('says when the values tried do not reach its ends', () => {
    expect(toleranceOf(curve({ 0.01: 3.04, 0.1: 3, 1: 3.02 }))).toEqual({
      best: 0.1,
      range: [0.01, 1],
      halfDecades: 4,
      bounded: false,
    });
  });

  it('needs two losses at values that have a logarithm', () => {
    expect(toleranceOf(curve({ 0.1: 3, 1: null }))).toBeUndefined();
    expect(toleranceOf(curve({ 0: 3, 0.1: 3.1 }))).toBeUndefined();
    expect(toleranceOf(curve({ '-1': 3, 0.1: 3.1, 1: 3 }))).toBeUndefined();
  });

  it('may begin at 0, and is then as wide as the values above that serve', () => {
    // A tenth of the way from 0.01 to 0.1, half a decade being two tenths of it.
    const found = toleranceOf(curve({ 0: 3, 0.001: 3.01, 0.01: 3.04, 0.1: 3.14 }))!;
    expect(found).toMatchObject({ best: 0, bounded: false });
    expect(found.range[0]).toBe(0);
    expect(found.range[1]).toBeCloseTo(10 ** -1.9, 12);
    expect(found.halfDecades).toBeCloseTo(2.2, 12);
    expect(toleranceOf(curve({ 0: 3, 0.01: 3.2, 0.1: 4 }))).toEqual({
      best: 0,
      range: [0, 0],
      halfDecades: 0,
      bounded: false,
    });
  });

  it('is that of the distance from 1 for betas, 0 among them', () => {
    // Half of the way from 0.9 to 0 in the logarithm of the distance is at 1 - 10^-0.5.
    const swept = curve({ 0: 3.1, 0.9: 3, 0.99: 3.02 });
    const found = toleranceOf(swept, 'beta1')!;
    expect(toleranceOf(swept, 'members.0.momentum')).toEqual(found);
    expect(toleranceOf(swept, 'epsilon')).not.toEqual(found);
    expect(found).toMatchObject({ best: 0.9, bounded: false });
    expect(found.range[0]).toBeCloseTo(1 - 10 ** -0.5, 12);
    expect(found.range[1]).toBeCloseTo(0.99, 12);
    expect(found.halfDecades).toBeCloseTo(3, 12);
  });
});

it('an interval is that of Student', () => {
  // The quantile of 97.5 % with four degrees of freedom is 2.776445; the standard error of 1 to 5 is sqrt(2.5 / 5).
  expect(intervalReach([1, 2, 3, 4, 5])).toBeCloseTo(2.776445105 * Math.sqrt(0.5), 8);
  expect(intervalReach([1])).toBeNull();
});
