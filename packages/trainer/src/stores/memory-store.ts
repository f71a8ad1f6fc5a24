import { jsonForm, type MetricsLine, requireSame, type TrialSummary } from '@steepest/run-files';
import { type KeptCheckpoint, keptCheckpoint, newestKept } from './kept-checkpoint.ts';
import {
  firstMark,
  type KeptRunStore,
  type LineMark,
  markAfter,
  openedSummary,
  removeRun,
  requireLines,
} from './kept-run.ts';
import type { StoredRun } from './run-store.ts';
import { requireChecksums, type Sealed, seal } from './sealed.ts';

/** What a store in memory holds; values of JSON are copies, which nobody else changes. */
interface Memory {
  readonly config: unknown;
  metrics: MetricsLine[];
  summary?: Sealed<TrialSummary> | undefined;
  /** By their steps. */
  checkpoints: Map<number, KeptCheckpoint>;
}

const place = 'the run in memory';

/**
 * A run in memory, which lasts as long as the store: for tests, and for runs that need not outlive the page or the process.
 *
 * @throws Error on a page that came over plain HTTP, where checksums cannot be made
 */
export function memoryStore(): KeptRunStore {
  requireChecksums();
  let memory: Memory | undefined;
  let isOpen = false;
  const requireClosed = () => {
    if (isOpen) throw new Error(`${place} is being trained: wait until it has ended, or use another store`);
  };
  return {
    async open(config) {
      requireClosed();
      if (memory === undefined) memory = { config: jsonForm(config), metrics: [], checkpoints: new Map() };
      else requireSame(place, memory.config, jsonForm(config), 'store');
      isOpen = true;
      return storedRun(memory, () => {
        isOpen = false;
      });
    },
    async read() {
      if (memory === undefined) return undefined;
      const { config, metrics, summary, checkpoints } = memory;
      const [checkpointStep] = latestFirst(checkpoints);
      const opened = await openedSummary(place, summary);
      return structuredClone({ config, metrics, summary: opened, checkpointStep });
    },
    async remove() {
      requireClosed();
      memory = undefined;
    },
  };
}

/** Steps of checkpoints. */
function latestFirst(checkpoints: ReadonlyMap<number, KeptCheckpoint>): number[] {
  return [...checkpoints.keys()].sort((a, b) => b - a);
}

function storedRun(memory: Memory, close: () => void): StoredRun {
  /** Of the metrics that are stored, and that `readTo` has read. */
  let end = firstMark;
  /** Steps of the damaged checkpoints that are newer than the one found. */
  let passedOver: readonly number[] = [];
  return {
    container: 'store',
    summaryName: `the summary of ${place}`,
    summaryRemedy: removeRun,
    summary: () => openedSummary(place, memory.summary),
    async writeSummary(summary) {
      memory.summary = await seal(jsonForm(summary) as TrialSummary);
    },
    async append(line) {
      const stored = jsonForm(line) as MetricsLine;
      end = await markAfter(end, stored);
      memory.metrics.push(stored);
    },
    mark: async () => end,
    async readTo(mark) {
      const { lines } = mark as LineMark;
      const found = structuredClone(memory.metrics.slice(0, lines));
      await requireLines(place, found, mark as LineMark);
      end = mark as LineMark;
      return found;
    },
    async rewind() {
      memory.metrics = memory.metrics.slice(0, end.lines);
      memory.summary = undefined;
      for (const step of passedOver) memory.checkpoints.delete(step);
    },
    async saveCheckpoint(checkpoint, keep) {
      memory.checkpoints.set(checkpoint.record.counters.step, await keptCheckpoint(checkpoint));
      for (const step of latestFirst(memory.checkpoints).slice(keep)) memory.checkpoints.delete(step);
    },
    async findCheckpoint(warn) {
      const rowOf = async (step: number) => memory.checkpoints.get(step);
      const found = await newestKept(place, latestFirst(memory.checkpoints), rowOf, warn);
      passedOver = found?.passedOver ?? [];
      return found?.checkpoint;
    },
    close: async () => close(),
  };
}
