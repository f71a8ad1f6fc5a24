import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type CurvePoint,
  finite,
  isObject,
  type Json,
  type RunRecord,
  settingsOf,
} from '../table/run-record.ts';
import { readJson, readText } from './read-json.ts';

/** Folders below a given one in which runs are looked for: runs/, an experiment, a trial. */
const deepest = 3;

/**
 * The runs in a folder: of a trial (it has a config.json), an experiment (a folder of trials), or several experiments.
 *
 * @throws Error when a file of a run is not what the trainer writes; the message names it
 */
export async function runsInFolder(folder: string): Promise<RunRecord[]> {
  return collect(folder, deepest);
}

async function collect(folder: string, depth: number): Promise<RunRecord[]> {
  const config = await readJson(join(folder, 'config.json'));
  if (isObject(config)) return [await readRun(folder, config)];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  const runs: RunRecord[] = [];
  for (const name of names) runs.push(...(await collect(join(folder, name), depth - 1)));
  return runs;
}

async function readRun(folder: string, config: Json): Promise<RunRecord> {
  const read = await readJson(join(folder, 'summary.json'));
  const summary = isObject(read) ? read : {};
  const { training, validation } = await readCurves(join(folder, 'metrics.jsonl'));
  return {
    run: typeof config.trial === 'string' ? config.trial : basename(folder),
    status: typeof summary.status === 'string' ? summary.status : 'interrupted',
    optimizer: String(config.optimizer ?? ''),
    seed: finite(config.seed),
    parameters: finite(summary.parameters),
    steps: finite(summary.steps),
    tokens: finite(summary.tokens),
    loss: finite(summary.finalValidationLoss),
    trainLoss: finite(summary.finalTrainLoss),
    seconds: finite(summary.seconds),
    flopsPerToken: null,
    flops: finite(summary.flops),
    settings: settingsOf(config),
    training,
    validation,
  };
}

async function readCurves(file: string): Promise<{ training: CurvePoint[]; validation: CurvePoint[] }> {
  const training: CurvePoint[] = [];
  const validation: CurvePoint[] = [];
  const lines = ((await readText(file)) ?? '').split('\n');
  for (const [index, line] of lines.entries()) {
    // A killed run can leave its last line unfinished.
    if (line === '' || (index === lines.length - 1 && !line.endsWith('}'))) continue;
    const { kind, step, tokens, flops, loss, learningRate } = parseLine(line, `${file}, line ${index + 1}`);
    const point = { step: Number(step), tokens: Number(tokens), flops: finite(flops), loss: finite(loss) };
    if (kind === 'train') training.push({ ...point, learningRate: finite(learningRate) });
    else validation.push(point);
  }
  return { training, validation };
}

function parseLine(line: string, where: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new Error(`${where}: expected a JSON object, got ${line.slice(0, 60)}`);
}
