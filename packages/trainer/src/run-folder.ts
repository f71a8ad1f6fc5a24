import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfPresent, replaceFile } from './durable-files.ts';
import { firstDifference, jsonForm } from './json-difference.ts';
import type { LayerMetrics } from './layer-metrics.ts';
import type { TrialSummary } from './summary.ts';

/** One line of metrics.jsonl; `seconds` is the training time so far, losses are nats a token. */
export type MetricsLine =
  | {
      readonly kind: 'train';
      readonly step: number;
      readonly tokens: number;
      /** So far, with `flopsPerToken`; as in every line. */
      readonly flops?: number;
      /** Of the training batch, where a run has `phases`. */
      readonly contextLength?: number;
      /** Mean over the steps since the line before. */
      readonly loss: number;
      readonly learningRate: number | null;
      /** Before clipping; `null` where the optimizer does not measure it. */
      readonly gradientNorm: number | null;
      readonly seconds: number;
      /** Norms by role of the last step, under `record: 'layers'`. */
      readonly layers?: LayerMetrics;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly tokens: number;
      readonly flops?: number;
      readonly loss: number;
      readonly seconds: number;
    };

/** The files of a run but its checkpoint: config.json, metrics.jsonl and summary.json. */
export class RunFolder {
  private constructor(
    readonly directory: string,
    private readonly metrics: FileHandle,
  ) {}

  /**
   * Opens a run folder for a run, and makes it when it is not there.
   *
   * @throws Error when it cannot be written, or holds a run with another config; that error names the key
   */
  static async open(directory: string, config: unknown): Promise<RunFolder> {
    try {
      await mkdir(directory, { recursive: true });
      await access(directory, constants.W_OK);
    } catch (cause) {
      throw unwritable(directory, cause);
    }
    const file = join(directory, 'config.json');
    const wanted = jsonForm(config);
    const present = await readJson(file);
    if (present !== undefined) requireSame(file, present, wanted);
    try {
      if (present === undefined) await replaceFile(file, `${JSON.stringify(wanted, null, 2)}\n`);
      return new RunFolder(directory, await open(join(directory, 'metrics.jsonl'), 'a'));
    } catch (cause) {
      throw unwritable(directory, cause);
    }
  }

  /** The summary that the folder holds, if any. */
  async summary(): Promise<TrialSummary | undefined> {
    return (await readJson(join(this.directory, 'summary.json'))) as TrialSummary | undefined;
  }

  async writeSummary(summary: TrialSummary): Promise<void> {
    await this.metrics.sync();
    await replaceFile(join(this.directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** Takes the run up again where metrics.jsonl had `metricsBytes` bytes: later lines and the summary go. */
  async rewind(metricsBytes: number): Promise<void> {
    const { size } = await this.metrics.stat();
    if (size < metricsBytes) {
      throw new Error(
        `${join(this.directory, 'metrics.jsonl')} has ${size} bytes, but had ${metricsBytes} at the last checkpoint: ` +
          'put the file back, or remove the folder to start over',
      );
    }
    await this.metrics.truncate(metricsBytes);
    await rm(join(this.directory, 'summary.json'), { force: true });
  }

  /** Appends a line to metrics.jsonl. */
  async append(line: MetricsLine): Promise<void> {
    await this.metrics.appendFile(`${JSON.stringify(line)}\n`);
  }

  /** Makes the metrics so far durable and returns how many bytes they are. */
  async flush(): Promise<number> {
    await this.metrics.sync();
    return (await this.metrics.stat()).size;
  }

  async close(): Promise<void> {
    await this.metrics.close();
  }
}

/** Throws when the settings that a folder holds differ from those of this run; `file` holds them. */
export function requireSame(file: string, present: unknown, wanted: unknown): void {
  const difference = firstDifference(present, wanted);
  if (!difference) return;
  const { path, left, right } = difference;
  const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value));
  throw new Error(
    `${file} holds another run: ${path || 'its content'} is ${show(left)} there and ${show(right)} in this run; ` +
      'use another folder, or remove this one to start over',
  );
}

/** The value in a JSON file, or `undefined` when there is no file. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readIfPresent(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
};

function unwritable(directory: string, cause: unknown): Error {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new Error(
    `cannot write to the run folder "${directory}": ${reasons[code] ?? message}${code && ` (${code})`}; ` +
      'choose a folder that this user can write to',
    { cause },
  );
}
