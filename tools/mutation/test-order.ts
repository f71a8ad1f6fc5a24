import {
  BaseSequencer,
  type Reporter,
  type TestModule,
  type TestSpecification,
  type Vitest,
} from 'vitest/node';
import { mutantSwitches } from './mutant-switches.ts';
import { rankKey, type TestRanks, testRanksKey } from './test-ranks.ts';

/** Milliseconds that a test file takes to start and to load, whatever it tests. */
const loadingTime = 300;
/** Share of the newest result in a file's chance to notice the next mutant, which is likely in the same lines. */
const weightOfNewest = 0.2;
const leastChance = 0.01;

/** What earlier runs say about the next: one failure decides, so that tests which are likely to fail soon go first. */
class TestHistory {
  private readonly fileDurations = new Map<string, number>();
  private readonly testDurations = new Map<string, number>();
  private readonly chances = new Map<string, number>();
  /** Tests that noticed a mutant, the latest last. */
  private readonly killers = new Set<string>();
  private vitest: Vitest | undefined;

  readonly observer: Reporter = {
    onInit: (vitest) => {
      this.vitest = vitest;
    },
    onTestModuleEnd: (module) => {
      // Stryker's runner takes a file without tests, which failed to load, for one that passes, and can print true
      // errors only.
      for (const { message } of module.errors()) {
        this.vitest!.state.catchError(new Error(message), 'Load error');
      }
      mutantSwitches.learnHits(module.meta());
      this.record(module);
    },
  };

  /** The files of which a failure is likeliest for its time, first. */
  sort(files: readonly TestSpecification[]): TestSpecification[] {
    const merit = ({ moduleId }: TestSpecification): number =>
      this.chanceOf(moduleId) / (loadingTime + (this.fileDurations.get(moduleId) ?? 0));
    return [...files].sort((a, b) => merit(b) - merit(a));
  }

  /** The latest killers first, then the others from the quickest. */
  testRanks(): TestRanks {
    const ranks = Object.fromEntries(this.testDurations);
    for (const [index, test] of [...this.killers].entries()) ranks[test] = -1 - index;
    return ranks;
  }

  private record(module: TestModule): void {
    let hasFailed = module.errors().length > 0;
    for (const test of module.children.allTests()) {
      const names = [test.name];
      for (let { parent } = test; parent.type === 'suite'; parent = parent.parent) names.unshift(parent.name);
      const key = rankKey(module.moduleId, names);
      const { state } = test.result();
      if (state === 'passed' && !this.testDurations.has(key)) {
        this.testDurations.set(key, test.diagnostic()?.duration ?? 0);
      }
      if (state !== 'failed') continue;
      hasFailed = true;
      this.killers.delete(key);
      this.killers.add(key);
    }
    // The first run is that without a mutant.
    if (this.fileDurations.has(module.moduleId)) {
      const chance = this.chanceOf(module.moduleId);
      this.chances.set(module.moduleId, chance + weightOfNewest * ((hasFailed ? 1 : 0) - chance));
    } else {
      this.fileDurations.set(module.moduleId, module.diagnostic().duration);
    }
  }

  private chanceOf(file: string): number {
    return Math.max(this.chances.get(file) ?? 0.5, leastChance);
  }
}

const history = new TestHistory();

/** Records what tests of this process notice; a reporter for Vitest. */
export const { observer } = history;

/** Prepares a run: its mutant is switched on, and those tests come first that are likely to fail soon. */
export class LikelyKillersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    for (const project of this.ctx.projects) mutantSwitches.prepare(project);
    this.ctx.provide(testRanksKey as never, history.testRanks() as never);
    return history.sort(files);
  }
}
export { mutantSwitches };
