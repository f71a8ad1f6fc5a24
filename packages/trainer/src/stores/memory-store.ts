import { jsonForm, type MetricsLine, requireSame, type TrialSummary } from '@steepest/run-files';
import { blobOf, blobSource } from './bytes.ts';
import { type KeptRunStore, type LineMark, requireLines } from './kept-run.ts';
import type { StoredCheckpoint, StoredRun, TrainerRecord } from './run-store.ts';

interface MemoryCheckpoint {
  readonly record: TrainerRecord;
  readonly model: Blob;
  readonly optimizer: Blob;
}

/** What a store in memory holds; values of JSON are copies, which nobody else changes. */
interface Memory {
  readonly config: unknown;
  metrics: MetricsLine[];
  summary?: TrialSummary | undefined;
  /** The latest last. */
  checkpoints: MemoryCheckpoint[];
}

const place = 'the run in memory';

/** A run in memory, which lasts as long as the store: for tests, and for runs that need not outlive the page or the process. */
export function memoryStore(): KeptRunStore {
  let memory: Memory | undefined;
  let isOpen = false;
  const requireClosed = () => {
    if (isOpen) throw new Error(`${place} is being trained: wait until it has ended, or use another store`);
  };
  return {
    async open(config) {
      requireClosed();
      if (memory === undefined) memory = { config: jsonForm(config), metrics: [], checkpoints: [] };
      else requireSame(place, memory.config, jsonForm(config), 'store');
      isOpen = true;
      return storedRun(memory, () => {
        isOpen = false;
      });
    },
    async read() {
      if (memory === undefined) return undefined;
      const { config, metrics, summary, checkpoints } = memory;
      return structuredClone({
        config,
        metrics,
        summary,
        checkpointStep: checkpoints.at(-1)?.record.counters.step,
      });
    },
    async remove() {
      requireClosed();
      memory = undefined;
    },
  };
}

function storedRun(memory: Memory, close: () => void): StoredRun {
  let lines = 0;
  return {
    container: 'store',
    summaryName: `the summary of ${place}`,
    summaryRemedy: 'remove the run to start over',
    summary: async () => memory.summary,
    async writeSummary(summary) {
      memory.summary = structuredClone(summary);
    },
    async append(line) {
      memory.metrics.push(structuredClone(line));
    },
    mark: async (): Promise<LineMark> => ({ lines: memory.metrics.length }),
    async readTo(mark) {
      const found = memory.metrics.slice(0, (mark as LineMark).lines);
      requireLines(place, found.length, mark as LineMark);
      lines = found.length;
      return found;
    },
    async rewind() {
      memory.metrics = memory.metrics.slice(0, lines);
      memory.summary = undefined;
    },
    async saveCheckpoint({ record, model, optimizer }, keep) {
      const checkpoint = {
        record: structuredClone(record),
        model: await blobOf(await model()),
        optimizer: await blobOf(await optimizer()),
      };
      memory.checkpoints = [...memory.checkpoints, checkpoint].slice(-keep);
    },
    async findCheckpoint() {
      const checkpoint = memory.checkpoints.at(-1);
      return checkpoint && storedCheckpoint(checkpoint);
    },
    close: async () => close(),
  };
}

function storedCheckpoint(checkpoint: MemoryCheckpoint): StoredCheckpoint {
  return {
    record: structuredClone(checkpoint.record),
    nameOf: (part) => `the ${part} of ${place}`,
    read: (part, use) => use(blobSource(checkpoint[part])),
  };
}
