import { inject, type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest';
import { rankKey, type TestRanks, testRanksKey } from './test-ranks.ts';

/**
 * Runs the tests of a file in the order of their ranks, and in reverse where no mutant is active: tests that depend on
 * their order would fail for another reason than a mutant, and fail there first.
 */
export default class OrderedTestRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    for (const file of files) {
      if (inject('mode' as never) === 'dry-run') reverse(file.tasks);
      else sortByRank(file, [], inject(testRanksKey as never));
    }
  }
}

function reverse(tasks: RunnerTask[]): void {
  tasks.reverse();
  for (const task of tasks) if (task.type === 'suite') reverse(task.tasks);
}

/** Returns the lowest rank of the tests within. */
function sortByRank(task: RunnerTask, names: readonly string[], ranks: TestRanks): number {
  if (task.type === 'test') return ranks[rankKey(task.file.filepath, names)] ?? 0;
  const ranked = task.tasks.map((child) => ({
    child,
    rank: sortByRank(child, [...names, child.name], ranks),
  }));
  ranked.sort((a, b) => a.rank - b.rank);
  task.tasks.splice(0, task.tasks.length, ...ranked.map(({ child }) => child));
  return ranked[0]?.rank ?? Number.POSITIVE_INFINITY;
}
