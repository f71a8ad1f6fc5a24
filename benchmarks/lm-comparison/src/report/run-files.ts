import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type {
  Curve,
  CurvePoint,
  ExperimentRecord,
  TrialNumbers,
  TrialResult,
  TrialStatus,
} from './results.ts';

type Json = Readonly<Record<string, unknown>>;

/** A trial as its folder records it, with the configuration the report compares between trials. */
export interface RecordedTrial {
  readonly trial: TrialResult;
  readonly config: Json;
}

const STATUSES: readonly TrialStatus[] = ['finished', 'diverged', 'failed', 'interrupted'];

/**
 * Reads one trial's folder.
 * @returns `undefined` when the folder has no config.json, so is not a trial's.
 * @throws when a file is not what the trainer writes; the message names the file, and the line in metrics.jsonl.
 */
export async function readTrial(directory: string): Promise<RecordedTrial | undefined> {
  const config = await readObject(join(directory, 'config.json'));
  if (!config) return undefined;
  const { optimizer } = config;
  if (typeof optimizer !== 'string') {
    throw new Error(
      `${join(directory, 'config.json')}: optimizer must be the name of an optimizer, got ${JSON.stringify(optimizer)}`,
    );
  }
  const summary = await readObject(join(directory, 'summary.json'));
  const curve = await readCurve(join(directory, 'metrics.jsonl'));
  const numbers = summary ? summaryNumbers(summary) : numbersSoFar(curve);
  const status = summary ? readStatus(summary, directory) : 'interrupted';
  const reason = readReason(summary, status, numbers);
  return {
    config,
    trial: {
      id: typeof config.id === 'string' ? config.id : basename(directory),
      optimizer,
      settings: isObject(config.settings) ? config.settings : {},
      seed: finite(config.seed),
      status,
      ...(reason === undefined ? {} : { reason }),
      ...numbers,
      curve,
    },
  };
}

/**
 * Reads the runner's `experiment.json`.
 * @returns `undefined` when there is none: runs copied from elsewhere may lack it.
 * @throws when it is not a JSON object.
 */
export async function readExperiment(outDirectory: string): Promise<ExperimentRecord | undefined> {
  const record = await readObject(join(outDirectory, 'experiment.json'));
  if (!record) return undefined;
  const { name, description, model, budget, optimizers, backend, machine } = record;
  return {
    name: typeof name === 'string' ? name : basename(outDirectory),
    ...(typeof description === 'string' ? { description } : {}),
    ...(model === undefined ? {} : { model }),
    ...(budget === undefined ? {} : { budget }),
    optimizers: (Array.isArray(optimizers) ? optimizers : [])
      .filter(isObject)
      .flatMap((optimizer) =>
        typeof optimizer.name === 'string'
          ? [{ name: optimizer.name, title: String(optimizer.title ?? optimizer.name) }]
          : [],
      ),
    ...(isObject(backend)
      ? { backend: { name: String(backend.name), reason: String(backend.reason ?? '') } }
      : {}),
    ...(isObject(machine)
      ? { machine: { cpu: String(machine.cpu), cores: Number(machine.cores), node: String(machine.node) } }
      : {}),
  };
}

async function readCurve(path: string): Promise<Curve> {
  const train: CurvePoint[] = [];
  const validation: CurvePoint[] = [];
  const lines = ((await readText(path)) ?? '').split('\n');
  // What follows the last newline is empty, or a line cut off by a kill.
  lines.pop();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const entry = parseObject(line, `${path}:${index + 1}`);
    const step = finite(entry.step);
    if (step === null)
      throw new Error(`${path}:${index + 1}: step must be a number, got ${JSON.stringify(entry.step)}`);
    const curve = entry.kind === 'train' ? train : entry.kind === 'evaluation' ? validation : undefined;
    if (!curve) continue;
    // A resumed trial logs again the steps after its last checkpoint: the later lines are the ones that count.
    while ((curve.at(-1)?.step ?? -1) >= step) curve.pop();
    curve.push({
      step,
      tokens: finite(entry.tokens) ?? 0,
      seconds: finite(entry.seconds) ?? 0,
      loss: finite(entry.loss),
    });
  }
  return { train, validation };
}

function summaryNumbers(summary: Json): TrialNumbers {
  return {
    steps: finite(summary.steps),
    tokens: finite(summary.tokens),
    parameters: finite(summary.parameters),
    seconds: finite(summary.seconds),
    initialValidationLoss: finite(summary.initialValidationLoss),
    bestValidationLoss: finite(summary.bestValidationLoss),
    finalValidationLoss: finite(summary.finalValidationLoss),
    finalTrainLoss: finite(summary.finalTrainLoss),
    tokensPerSecond: finite(summary.tokensPerSecond),
    millisecondsPerStep: finite(summary.millisecondsPerStep),
    optimizerMillisecondsPerStep: finite(summary.optimizerMillisecondsPerStep),
    stateBytesPerParameter: finite(summary.stateBytesPerParameter),
  };
}

/** A trial stopped by a kill has no summary; its progress is in the metrics, but no final loss is. */
function numbersSoFar(curve: Curve): TrialNumbers {
  const last = [curve.train.at(-1), curve.validation.at(-1)].reduce((a, b) =>
    (b?.step ?? -1) > (a?.step ?? -1) ? b : a,
  );
  const losses = curve.validation.flatMap((point) => (point.loss === null ? [] : [point.loss]));
  return {
    steps: last?.step ?? 0,
    tokens: last?.tokens ?? 0,
    parameters: null,
    seconds: last?.seconds ?? 0,
    initialValidationLoss: losses[0] ?? null,
    bestValidationLoss: losses.length > 0 ? Math.min(...losses) : null,
    finalValidationLoss: null,
    finalTrainLoss: null,
    tokensPerSecond: null,
    millisecondsPerStep: null,
    optimizerMillisecondsPerStep: null,
    stateBytesPerParameter: null,
  };
}

function readStatus(summary: Json, directory: string): TrialStatus {
  const status = STATUSES.find((known) => known === summary.status);
  if (status) return status;
  throw new Error(
    `${join(directory, 'summary.json')}: status must be one of ${STATUSES.join(', ')}, got ${JSON.stringify(summary.status)}`,
  );
}

function readReason(
  summary: Json | undefined,
  status: TrialStatus,
  numbers: TrialNumbers,
): string | undefined {
  if (typeof summary?.reason === 'string') return summary.reason;
  if (status === 'interrupted')
    return `stopped at step ${numbers.steps ?? 0}, before the end of its schedule`;
  return undefined;
}

async function readObject(path: string): Promise<Json | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : parseObject(text, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`cannot read ${path}: ${(error as Error).message}`);
  }
}

function parseObject(text: string, where: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}: not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new Error(`${where}: expected a JSON object, got ${text.slice(0, 60)}`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
