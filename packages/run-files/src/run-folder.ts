import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJson } from './durable-files.ts';
import { type FileSystem, fileProblem, isMissing, machineFiles, namingFile } from './file-system.ts';
import { jsonForm } from './json-difference.ts';
import { type Json, readJson } from './json-files.ts';
import { type MetricsLine, type TrialSummary, trialStatuses } from './run.ts';
import { RunError } from './run-error.ts';
import { requireSame } from './same-run.ts';
import { openSummary, writeSummary } from './summary-file.ts';

/** The longest part of the metrics that is read at once, in bytes. */
const longestRead = 2 ** 24;

/** How far metrics.jsonl was at a moment: its bytes, and their SHA-256 in hexadecimal. */
export interface MetricsMark {
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of a run but its checkpoint: config.json, metrics.jsonl and summary.json. */
export class RunFolder {
  /** Over the metrics so far. */
  private hash = createHash('sha256');

  private constructor(
    readonly directory: string,
    private readonly metrics: FileHandle,
  ) {}

  /**
   * Opens a run folder for a run, and makes it when it is not there.
   *
   * @throws Error when it cannot be written, holds a run with another config (that error names the key), or files of a run
   *   without one
   */
  static async open(
    directory: string,
    config: unknown,
    files: FileSystem = machineFiles,
  ): Promise<RunFolder> {
    try {
      await files.mkdir(directory, { recursive: true });
      await access(directory, constants.W_OK);
    } catch (cause) {
      throw unwritable(directory, cause);
    }
    const file = join(directory, 'config.json');
    const wanted = jsonForm(config);
    const present = await readJson(file);
    if (present !== undefined) requireSame(file, present, wanted);
    if (present === undefined) {
      await requireFresh(directory);
      await writeJson(file, wanted, files);
    }
    try {
      return new RunFolder(directory, await files.open(join(directory, 'metrics.jsonl'), 'a+'));
    } catch (cause) {
      throw unwritable(directory, cause);
    }
  }

  private get metricsFile(): string {
    return join(this.directory, 'metrics.jsonl');
  }

  /** The summary that the folder holds, if any. @throws Error when the file is no summary */
  async summary(): Promise<TrialSummary | undefined> {
    const file = join(this.directory, 'summary.json');
    const value = await readJson(file).catch((cause: Error) => {
      throw new RunError(`${cause.message}; ${removeSummary}`, { cause });
    });
    if (value === undefined) return undefined;
    const { summary, damage } = openSummary(value, file);
    const wrong = damage ?? (isSummary(summary) ? undefined : `${file} is not the summary of a run`);
    if (wrong !== undefined) throw new RunError(`${wrong}; ${removeSummary}`);
    return summary as unknown as TrialSummary;
  }

  async writeSummary(summary: TrialSummary): Promise<void> {
    await namingFile('write', this.metricsFile, () => this.metrics.sync());
    await writeSummary(this.directory, summary);
  }

  /**
   * Reads the metrics up to a checkpoint.
   *
   * @param mark where they end; without one nothing is read
   * @throws Error when they are not what they were then
   */
  async readTo({ bytes, sha256 }: MetricsMark): Promise<MetricsLine[]> {
    const { size } = await this.metrics.stat();
    const remedy = 'put the file back, or remove the folder to start over';
    if (size < bytes) {
      throw new RunError(
        `${this.metricsFile} has ${size} bytes, but had ${bytes} at the last checkpoint: ${remedy}`,
      );
    }
    const hash = createHash('sha256');
    const lines: string[] = [];
    let rest = '';
    for (let start = 0; start < bytes; start += longestRead) {
      const piece = Buffer.alloc(Math.min(longestRead, bytes - start));
      await this.metrics.read(piece, 0, piece.length, start);
      hash.update(piece);
      const parts = (rest + piece.toString('latin1')).split('\n');
      rest = parts.pop()!;
      for (const part of parts) lines.push(part);
    }
    if (hash.copy().digest('hex') !== sha256) {
      throw new RunError(`${this.metricsFile} is not what it was at the last checkpoint: ${remedy}`);
    }
    this.hash = hash;
    return lines.map((line) => JSON.parse(line) as MetricsLine);
  }

  /** Takes the run up again where {@link readTo} has read to: later lines of the metrics and the summary go. */
  async rewind(bytes: number): Promise<void> {
    // The summary first: it has the checksum of the metrics, and a kill in between would leave it with another.
    await rm(join(this.directory, 'summary.json'), { force: true });
    await namingFile('write', this.metricsFile, () => this.metrics.truncate(bytes));
  }

  /** Appends a line to metrics.jsonl. */
  async append(line: MetricsLine): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    await namingFile('write', this.metricsFile, () => this.metrics.appendFile(text));
    this.hash.update(text);
  }

  /** Makes the metrics so far durable and says what they are. */
  async flush(): Promise<MetricsMark> {
    await namingFile('write', this.metricsFile, () => this.metrics.sync());
    return { bytes: (await this.metrics.stat()).size, sha256: this.hash.copy().digest('hex') };
  }

  async close(): Promise<void> {
    await this.metrics.close();
  }
}

/**
 * Files of a run whose config is lost may be of any run: continuing it with another config would be silently wrong, and beginning
 * anew would remove what it has logged.
 *
 * @throws RunError naming the file
 */
export async function requireFresh(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    const isPart =
      name.startsWith('checkpoint') || (name === 'metrics.jsonl' && !(await isEmpty(directory, name)));
    if (!isPart) continue;
    throw new RunError(
      `${directory} has a ${name} and no config.json: put the file back, or use another folder, or remove this one to start over`,
    );
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw new RunError(`cannot read ${directory}: ${fileProblem(error)}`, { cause: error });
  }
}

async function isEmpty(directory: string, name: string): Promise<boolean> {
  return (await stat(join(directory, name))).size === 0;
}

/** What to do about a summary that cannot be believed. */
export const removeSummary = 'remove this file, and train continues from the checkpoint';

function isSummary({ status, steps }: Json): boolean {
  // Who started the run may have written down that it failed, without knowing how far it was. Then it is not over.
  const hasSteps = status === 'failed' || (Number.isSafeInteger(steps) && (steps as number) >= 0);
  return (trialStatuses as readonly unknown[]).includes(status) && hasSteps;
}

function unwritable(directory: string, cause: unknown): RunError {
  return new RunError(
    `cannot write to the run folder "${directory}": ${fileProblem(cause)}; ` +
      'choose a folder that this user can write to',
    { cause },
  );
}
