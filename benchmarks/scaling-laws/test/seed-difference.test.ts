import { describe, expect, it } from 'vitest';
import { clearness, formatSeedDifference, seedDifference } from '../src/seed-difference.ts';

describe('the difference of losses by seed', () => {
  it('is the mean of the pairs, with the error that they leave', () => {
    // Differences .1, .2 and .3: deviation .1, over the root of three.
    const difference = seedDifference([5.1, 6.2, 4.3], [5, 6, 4]);
    expect(difference.behind).toBeCloseTo(0.2, 12);
    expect(difference.standardError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(formatSeedDifference(difference, 3)).toBe('0.200 ± 0.058');
  });

  it('stands out, on either side, when it exceeds two standard errors', () => {
    expect(clearness({ behind: 0.21, standardError: 0.1 })).toBe('more than two standard errors');
    expect(clearness({ behind: -0.21, standardError: 0.1 })).toBe('more than two standard errors');
    expect(clearness({ behind: 0.19, standardError: 0.1 })).toBe('less than two standard errors');
  });

  it('claims no error of a single seed', () => {
    const difference = seedDifference([5.1], [5]);
    expect(difference.standardError).toBeNull();
    expect(formatSeedDifference(difference, 2)).toBe('0.10');
    expect(clearness(difference)).toBe('of a single seed');
  });
});
