import { describe, expect, it } from 'vitest';
import { CoreShares } from '../src/execution/core-shares.ts';

/** A trial that notes the numbers of threads that it is told. */
class Trial {
  readonly told: number[] = [];
  setThreads(threads: number): void {
    this.told.push(threads);
  }
}

describe('the cores of a machine', () => {
  it('run as many trials side by side as there are, on one thread each', () => {
    const shares = new CoreShares({ cores: 4 });
    expect(shares.parallel).toBe(4);
    expect(shares.first).toEqual({ now: 1, most: 4 });
    expect(shares.notice).toBeUndefined();
  });

  it('are divided among fewer trials', () => {
    expect(new CoreShares({ cores: 7, parallel: 3 }).first).toEqual({ now: 2, most: 7 });
    expect(new CoreShares({ cores: 2, parallel: 1 }).first).toEqual({ now: 2, most: 2 });
  });

  it('go to the last trials as others end', () => {
    const shares = new CoreShares({ cores: 4 });
    const trials = Array.from({ length: 5 }, () => new Trial());
    for (const [index, trial] of trials.slice(0, 4).entries()) shares.begin(trial, 4 - index);
    shares.end(trials[0]!, 1);
    shares.begin(trials[4]!, 0);
    expect(trials.map(({ told }) => told)).toEqual([[], [], [], [], []]);
    shares.end(trials[1]!, 0);
    // Three are left: the one that began first gets the fourth core.
    expect(trials.map(({ told }) => told)).toEqual([[], [], [2], [], []]);
    shares.end(trials[2]!, 0);
    expect(trials.map(({ told }) => told)).toEqual([[], [], [2], [2], [2]]);
    shares.end(trials[4]!, 0);
    expect(trials[3]!.told).toEqual([2, 4]);
  });

  it('come back when further trials are asked for', () => {
    const shares = new CoreShares({ cores: 2 });
    const [first, second] = [new Trial(), new Trial()];
    shares.begin(first, 0);
    expect(first.told).toEqual([2]);
    shares.begin(second, 0);
    expect([first.told, second.told]).toEqual([[2, 1], []]);
  });

  it('are never fewer than one thread for a trial', () => {
    const shares = new CoreShares({ cores: 2, parallel: 5 });
    expect(shares.first.now).toBe(1);
    const trials = Array.from({ length: 4 }, () => new Trial());
    for (const trial of trials) shares.begin(trial, 0);
    expect(trials.flatMap(({ told }) => told)).toEqual([2, 1]);
  });

  it('stay as asked with a number of threads, which is less where there is no room for it', () => {
    const shares = new CoreShares({ cores: 4, threads: 2 });
    expect(shares.parallel).toBe(2);
    expect(shares.first).toEqual({ now: 2, most: 2 });
    const trial = new Trial();
    shares.begin(trial, 0);
    expect(trial.told).toEqual([]);
    const tight = new CoreShares({ cores: 4, parallel: 3, threads: 2 });
    expect(tight.first).toEqual({ now: 1, most: 1 });
    expect(tight.notice).toBe('Threads  1 for each trial instead of 2: 3 side by side share 4 cores');
  });
});
