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

/** Hits of each mutant by its id, as Stryker's instrumentation counts them. */
type Hits = Readonly<Record<string, number>>;

/** What Stryker leaves at a test file that ran without a mutant. */
interface MeasuredFile {
  readonly mutantCoverage?: { readonly perTest: Readonly<Record<string, Hits>> };
}

/**
 * A test in which a mutant runs that many times as often as its code in any test without it is taken to run without end.
 * Stryker itself allows 100 times the hits of all tests together, which takes a loop that allocates tensors minutes and
 * gigabytes.
 */
const hitFactor = 10;
/** Hits that every test is allowed: what searches for a failing example may take. */
const leastHits = 10_000;

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
  /** How often the code of each mutant ran in the test that ran it most. Unknown to a process that came later. */
  private readonly mostHits = new Map<string, number>();

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

  /** Learns how often code runs. @param meta What is known of a test file that has run. */
  learnHits(meta: object): void {
    const { perTest = {} } = (meta as MeasuredFile).mutantCoverage ?? {};
    for (const hits of Object.values(perTest)) {
      for (const [mutant, count] of Object.entries(hits)) {
        this.mostHits.set(mutant, Math.max(this.mostHits.get(mutant) ?? 0, count));
      }
    }
  }

  /** Prepares what a run loads for its mutant. To be called before every run. */
  prepare(project: TestProject): void {
    const { mode, activeMutant, hitLimit } = project.getProvidedContext() as ProvidedByStryker;
    const most = this.mostHits.get(activeMutant ?? '');
    if (hitLimit !== undefined && most !== undefined) {
      project.vitest.provide('hitLimit' as never, Math.max(hitFactor * most, leastHits) as never);
    }
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
