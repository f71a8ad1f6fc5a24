import type { TestProject } from 'vitest/node';

/** The part of a Vite plugin that is used here. */
interface TransformPlugin {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): string | undefined;
}

// What Stryker's instrumenter writes: `stryMutAct_9fa48("7") ? mutant : (stryCov_9fa48("7"), original)`.
const switchPattern = /stryMutAct_9fa48\("(\d+)"\)/g;
const counterPattern = /stryCov_9fa48\((?:"\d+"(?:, )?)+\)/g;
/** Looks the counts of the test up at every hit. */
const slowLookup = /var c = cov\.static;\s*if \(ns\.currentTestId\) \{[^}]*\{\};\s*\}/;
const fastLookup = `if (c === undefined || ns.currentTestId !== test) {
      test = ns.currentTestId;
      c = test ? (cov.perTest[test] ||= {}) : cov.static;
    }`;

/** What Stryker's runner provides to the tests of a run. */
interface ProvidedByStryker {
  readonly mode?: 'dry-run' | 'mutant';
  readonly activeMutant?: string;
  /** How often the active mutant may run before it counts as running without end. */
  readonly hitLimit?: number;
}

/**
 * Stryker lets a mutant run 100 times as often as the code in all tests together, which takes a loop that allocates
 * tensors minutes and gigabytes. 10 times as often is no less without end.
 */
const hitLimitDivisor = 10;

/**
 * Leaves of Stryker's instrumentation what a run needs: the one switch of the active mutant, and the counters where
 * coverage is measured. Tens of calls in an inner loop otherwise make some tests ten times slower.
 *
 * Only tests see this: processes that they start load the instrumented files as they are.
 */
class MutantSwitches {
  /** The active mutant; none while coverage is measured. */
  private active: string | undefined;
  private countsHits = true;
  /** Instrumented files, and which switches each has. */
  private readonly switches = new Map<string, ReadonlySet<string>>();

  readonly plugin: TransformPlugin = {
    name: 'mutant-switches',
    enforce: 'pre',
    transform: (code, id) => {
      const ids = [...code.matchAll(switchPattern)].map(([, mutant]) => mutant!);
      if (ids.length === 0) return undefined;
      this.switches.set(id, new Set(ids));
      const switched = code.replace(switchPattern, (call, mutant) =>
        mutant === this.active ? call : 'false',
      );
      if (!this.countsHits) return switched.replace(counterPattern, '0');
      return switched
        .replace(slowLookup, fastLookup)
        .replace('function cover() {', 'var c, test;\n  function cover() {');
    },
  };

  /** Prepares what a run loads for its mutant. To be called before every run. */
  prepare(project: TestProject): void {
    const { mode, activeMutant, hitLimit } = project.getProvidedContext() as ProvidedByStryker;
    if (hitLimit !== undefined)
      project.vitest.provide('hitLimit' as never, (hitLimit / hitLimitDivisor) as never);
    const countsHits = mode !== 'mutant';
    const active = countsHits ? undefined : activeMutant;
    for (const [file, mutants] of this.switches) {
      const isAffected =
        countsHits !== this.countsHits || [this.active, active].some((id) => mutants.has(id!));
      if (isAffected) invalidate(project, file);
    }
    this.active = active;
    this.countsHits = countsHits;
  }
}

function invalidate({ vite }: TestProject, file: string): void {
  for (const { moduleGraph } of Object.values(vite.environments)) {
    for (const module of moduleGraph.getModulesByFile(file) ?? []) moduleGraph.invalidateModule(module);
  }
}

export const mutantSwitches = new MutantSwitches();
