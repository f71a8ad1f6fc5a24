import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { NgramBaselines } from '@steepest/c4-data';
import {
  exists,
  type MetricsLine,
  removeFolder,
  replaceFile,
  syncFolder,
  type TrialSummary,
  writeJson,
  writeSummary,
} from '@steepest/run-files';
import type { TrialConfig, TrialOrigin } from '../definition/trials.ts';
import { hasTrained } from './frozen-config.ts';
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

type Found = ReturnType<EarlierResults['trial']>;

/** Whether results were found to have a trial, rather than none or one that was trained in another way. */
export function isTaken(found: Found): found is EarlierTrial {
  return found !== undefined && !('differences' in found);
}

/** Whether a process is at work in the folder of a trial, as a worker that has begun it. */
async function isBusy(directory: string, trial: string): Promise<boolean> {
  if (!(await exists(directory))) return false;
  try {
    const unlock = await lockTrial(directory, trial);
    // At once, since a process whose lock goes with its folder ends itself.
    await unlock();
    return false;
  } catch (error) {
    if (error instanceof TrialBusy) return true;
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
    if (!isTaken(found)) {
      this.unlike.push({ trial: config.trial, differences: found.differences });
      return undefined;
    }
    if (await isBusy(directory, config.trial)) return undefined;
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
    await syncFolder(this.outDirectory);
    this.taken += 1;
    return { trial: config.trial, ...found.summary };
  }
}
