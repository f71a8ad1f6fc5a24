import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { NgramBaselines } from '@steepest/c4-data';
import {
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
import type { TrialEnd } from './run-view.ts';

/** A trial that is over, as results that were kept without its folder say. */
export interface EarlierTrial {
  readonly from: TrialOrigin;
  readonly summary: TrialSummary;
  /** Ascending in step; shared results keep a part of the points. */
  readonly metrics: readonly MetricsLine[];
}

/** Results of an experiment, whose trials need not be trained again. */
export interface EarlierResults {
  /** What messages call them. */
  readonly name: string;
  /** The backend that its trials ran on. */
  readonly backend: string | undefined;
  /**
   * The trial of the same name: `undefined` where there is none that is over, and what is different about it where it was trained in
   * another way, on another backend or on another text.
   *
   * @param text What n-grams say of the text here; it is taken to be the same without
   */
  trial(
    config: TrialConfig,
    text?: NgramBaselines,
  ): EarlierTrial | { readonly differences: readonly string[] } | undefined;
}

/** Puts trials of earlier results into a run folder, as if they had been trained there. */
export class EarlierTrials {
  /** How many were put there. */
  taken = 0;
  /** Trials that have the name of one of the earlier ones and something else about them, and what. */
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
    // Written where nobody looks for trials: a kill would leave a part of one.
    const next = join(this.outDirectory, 'cache', 'taken', config.trial);
    await removeFolder(next);
    await mkdir(next, { recursive: true });
    await writeJson(join(next, 'config.json'), { ...config, takenFrom: found.from });
    const lines = found.metrics.map((line) => `${JSON.stringify(line)}\n`);
    await replaceFile(join(next, 'metrics.jsonl'), lines.join(''));
    await writeSummary(next, found.summary);
    await syncFolder(next);
    // One that took no step is there where its optimizer refused an option, or its process ended before.
    await removeFolder(directory);
    await rename(next, directory);
    await syncFolder(this.outDirectory);
    this.taken += 1;
    const summary = await readSummary(directory);
    return summary !== undefined && isOver(summary.status) ? { trial: config.trial, ...summary } : undefined;
  }
}
