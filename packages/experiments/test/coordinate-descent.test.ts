import { describe, expect, it } from 'vitest';
import type { Axis, Point } from '../src/definition/grid.ts';
import { ablationRows } from '../src/tuning/ablation.ts';
import { coordinateDescent, keyOf } from '../src/tuning/coordinate-descent.ts';

const axis = (key: string, values: number[]): Axis => ({ key, values, varied: true });
const rate = axis('learningRate', [1, 2, 3, 4, 5]);
const decay = axis('decay', [0, 1, 2]);
const start: Point = { learningRate: 3, decay: 1 };

/** A bowl whose best rate depends on the decay, so that one round of single changes does not find its bottom. */
const bowl = ({ learningRate, decay: amount }: Point) =>
  (Number(learningRate) - 1 - 2 * Number(amount)) ** 2 + 3 * Number(amount);

async function descend(trials: number, lossOf: (point: Point) => number | null = bowl, axes = [rate, decay]) {
  const batches: Point[][] = [];
  const descent = await coordinateDescent({
    axes,
    start,
    trials,
    evaluate: async (points) => {
      batches.push([...points]);
      return points.map(lossOf);
    },
  });
  return { ...descent, batches };
}

describe('coordinate descent', () => {
  it('changes one hyperparameter at a time, and goes round until no change improves', async () => {
    const { best, moves, batches } = await descend(15);
    // At decay 1 rate 3 is best; at rate 3 decay 1 is; so the descent settles there at first.
    expect(batches[0]).toEqual([start]);
    expect(batches[1]!.map(({ learningRate }) => learningRate)).toEqual([1, 2, 4, 5]);
    expect(batches[2]!.map((point) => point.decay)).toEqual([0, 2]);
    // The rest of the trials finds what lies off the axes: rate 1 without decay.
    expect(best).toEqual({ point: { learningRate: 1, decay: 0 }, loss: 0 });
    expect(moves.map(({ loss }) => loss)).toEqual([...moves.map(({ loss }) => loss)].sort((a, b) => b - a));
  });

  it('tries exactly as many settings as it may, each once, however early it settles', async () => {
    for (const trials of [1, 4, 7, 11, 15]) {
      const { tried } = await descend(trials);
      expect(tried).toHaveLength(trials);
      expect(new Set(tried.map(({ point }) => keyOf(point))).size).toBe(trials);
    }
    const { tried, settled } = await descend(1000);
    expect(tried).toHaveLength(15);
    expect(settled).toBe(true);
    expect((await descend(4)).settled).toBe(false);
  });

  it('spends what is left on the nearest settings: one step away on both axes before two', async () => {
    const { batches } = await descend(
      10,
      ({ learningRate, decay: amount }) => Math.abs(Number(learningRate) - 3) + Math.abs(Number(amount) - 1),
    );
    expect(batches.slice(3).map(([point]) => Object.values(point!))).toEqual([
      [2, 0],
      [2, 2],
      [4, 0],
    ]);
  });

  it('starts another round from an improvement among them', async () => {
    // Only the diagonal neighbor is better, and beyond it its own axis.
    const losses: Record<string, number> = { '4,2': 1, '5,2': 0 };
    const { best } = await descend(
      13,
      ({ learningRate, decay: amount }) =>
        losses[`${learningRate},${amount}`] ??
        10 + Math.abs(Number(learningRate) - 3) + Math.abs(Number(amount) - 1),
    );
    expect(best!.point).toEqual({ learningRate: 5, decay: 2 });
  });

  it('continues past settings without a loss, and says when none has one', async () => {
    const { best } = await descend(15, (point) => (point.learningRate === 3 ? null : bowl(point)));
    expect(best!.point).toEqual({ learningRate: 1, decay: 0 });
    const none = await descend(15, () => null);
    expect(none.best).toBeUndefined();
    expect(none.tried).toHaveLength(15);
  });

  it('goes the same way when asked again: where it stands follows from the losses alone', async () => {
    expect((await descend(9)).tried).toEqual((await descend(9)).tried);
    expect((await descend(9)).tried).toEqual((await descend(12)).tried.slice(0, 9));
  });
});

describe('coordinate descent over lists that may grow', () => {
  it('goes on beyond an end that is best, within the same number of settings', async () => {
    // The lowest point of the bowl without decay is at rate 9.
    const far = ({ learningRate, decay: amount }: Point) =>
      (Number(learningRate) - 9) ** 2 + 3 * Number(amount);
    const { best, tried, axes, settled } = await coordinateDescent({
      axes: [rate, decay],
      start,
      trials: 14,
      extend: (now, at) =>
        now.map((one) => {
          const highest = Number(one.values.at(-1));
          return at[one.key] === highest ? { ...one, values: [...one.values, highest + 1] } : one;
        }),
      evaluate: async (points) => points.map(far),
    });
    expect(best).toEqual({ point: { learningRate: 9, decay: 0 }, loss: 0 });
    expect(axes[0]!.values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(axes[1]!.values).toEqual([0, 1, 2]);
    expect(tried).toHaveLength(14);
    expect(settled).toBe(false);
  });
});

describe('the ablation of a tuned optimizer', () => {
  it('shows every value of every hyperparameter at the best of the others, tried or not', async () => {
    const axes = [rate, decay, axis('fixed', [7])];
    const descent = await coordinateDescent({
      axes,
      start: { ...start, fixed: 7 },
      trials: 6,
      evaluate: async (points) => points.map((point) => (point.learningRate === 5 ? null : bowl(point))),
    });
    const rows = ablationRows(descent, start);
    expect(rows.map(({ key, value, loss, tried }) => [key, value, loss, tried])).toEqual([
      ['learningRate', 1, 7, true],
      ['learningRate', 2, 4, true],
      ['learningRate', 3, 3, true],
      ['learningRate', 4, 4, true],
      ['learningRate', 5, null, true],
      ['decay', 0, 4, true],
      ['decay', 1, 3, true],
      ['decay', 2, null, false],
    ]);
    expect(rows.filter(({ best }) => best).map(({ key }) => key)).toEqual(['learningRate', 'decay']);
    expect(rows[0]!.difference).toBe(4);
  });
});
