import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { NgramBaselines } from '@steepest/c4-data';
import {
  exists,
  type MetricsLine,
  readSummary,
  removeFolder,
  replaceFile,
  syncFolder,
  type TrialSummary,
  writeJson,
  writeSummary,
} from '@steepest/run-files';
import type { TrialConfig, TrialOrigin } from '../definition/trials.ts';
import { hasTrained } from './frozen-config.ts';
import { isOver } from './is-over.ts';
import { lockTrial, TrialBusy } from './locks.ts';
import type { TrialEnd } from './run-view.ts';

/** A trial that is over, as results that were kept without its folder say. */
export interface EarlierTrial {
  readonly from: TrialOrigin;
  /** Of the programs that trained it. */
  readonly versions: TrialConfig['versions'];
  readonly summary: TrialSummary;
  /** Ascending in step; shared results keep a part of the points. */
  readonly metrics: readonly MetricsLine[];
}

/** Results of an experiment, whose trials need not be trained again. */
export interface EarlierResults {
  /** What messages call them. */
  readonly name: string;
  /** The backend that trials of the first of them ran on. */
  readonly backend: string | undefined;
  /**
   * A trial that is over and was trained as this one would be. Where there is none but one of the same name, what is different about
   * that: its options, its backend, its text or whatever its numbers depend on.
   *
   * @param text What n-grams say of the text here; it is taken to be the same without
   */
  trial(
    config: TrialConfig,
    text?: NgramBaselines,
  ): EarlierTrial | { readonly differences: readonly string[] } | undefined;
}

/**
 * Keeps processes out of the folder of a trial that took no step, for a worker may have begun it.
 * @returns a function that frees it; undefined where a process is at work there
 */
async function lockIfThere(directory: string, trial: string): Promise<(() => Promise<void>) | undefined> {
  if (!(await exists(directory))) return async () => {};
  try {
    return await lockTrial(directory, trial);
  } catch (error) {
    if (error instanceof TrialBusy) return undefined;
    throw error;
  }
}

/** Puts trials of earlier results into a run folder, as if they had been trained there. */
export class EarlierTrials {
  /** How many were put there. */
  taken = 0;
  /** Trials of which the results have another of the same name alone, and what is different about it. */
  readonly unlike: { readonly trial: string; readonly differences: readonly string[] }[] = [];

  constructor(
    private readonly outDirectory: string,
    readonly results: EarlierResults,
    private readonly text: NgramBaselines,
  ) {}

  /**
   * Takes a trial from the results, unless it was trained here.
   * @returns how it ended; undefined where they do not have it
   */
  async take(config: TrialConfig): Promise<TrialEnd | undefined> {
    const directory = join(this.outDirectory, config.trial);
    if (await hasTrained(directory)) return undefined;
    const found = this.results.trial(config, this.text);
    if (found === undefined) return undefined;
    if ('differences' in found) {
      this.unlike.push({ trial: config.trial, differences: found.differences });
      return undefined;
    }
    const unlock = await lockIfThere(directory, config.trial);
    if (unlock === undefined) return undefined;
    // Written where nobody looks for trials: a kill would leave a part of one.
    const next = join(this.outDirectory, 'cache', 'taken', config.trial);
    await removeFolder(next);
    await mkdir(next, { recursive: true });
    const { from, versions } = found;
    await writeJson(join(next, 'config.json'), { ...config, versions, takenFrom: from });
    const lines = found.metrics.map((line) => `${JSON.stringify(line)}\n`);
    await replaceFile(join(next, 'metrics.jsonl'), lines.join(''));
    await writeSummary(next, found.summary);
    await syncFolder(next);
    // One that took no step is there where its optimizer refused an option, or its process ended before.
    await removeFolder(directory);
    await rename(next, directory);
    await unlock();
    await syncFolder(this.outDirectory);
    this.taken += 1;
    const summary = await readSummary(directory);
    return summary !== undefined && isOver(summary.status) ? { trial: config.trial, ...summary } : undefined;
  }
}
