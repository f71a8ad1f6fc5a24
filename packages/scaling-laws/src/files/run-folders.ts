import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describeValue } from '../options.ts';
import {
  type CurvePoint,
  finite,
  isObject,
  type Json,
  type RunRecord,
  settingsOf,
} from '../table/run-record.ts';
import { readJson, readText } from './read-text.ts';

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
  const file = join(folder, 'config.json');
  const config = await readJson(file);
  if (isObject(config)) return [await readRun(folder, config)];
  if (config !== undefined) throw new Error(`${file}: expected the object that describes a run`);
  if (depth === 0) return [];
  const runs: RunRecord[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    // Links to folders count: results are often moved to a larger disk.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) runs.push(...(await collect(path, depth - 1)));
  }
  return runs;
}

async function readRun(folder: string, config: Json): Promise<RunRecord> {
  const read = await readJson(join(folder, 'summary.json'));
  const summary = isObject(read) ? read : {};
  const { training, validation } = await readCurves(join(folder, 'metrics.jsonl'));
  return {
    run: typeof config.trial === 'string' ? config.trial : basename(folder),
    status: typeof summary.status === 'string' ? summary.status : 'interrupted',
    optimizer: typeof config.optimizer === 'string' ? config.optimizer : null,
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
    if (line.trim() === '' || (index === lines.length - 1 && !line.endsWith('}'))) continue;
    const where = `${file}, line ${index + 1}`;
    const { kind, tokens, flops, loss, learningRate, ...entry } = parseLine(line, where);
    const step = finite(entry.step);
    if (step === null) throw new Error(`${where}: step must be a number, got ${describeValue(entry.step)}`);
    const point = { step, tokens: finite(tokens) ?? 0, flops: finite(flops), loss: finite(loss) };
    if (kind === 'train') append(training, { ...point, learningRate: finite(learningRate) });
    else if (kind === 'evaluation') append(validation, point);
  }
  return { training, validation };
}

/** Of repeated steps the later one counts: a resumed run logs again what came after its last checkpoint. */
function append(points: CurvePoint[], point: CurvePoint): void {
  while ((points.at(-1)?.step ?? -1) >= point.step) points.pop();
  points.push(point);
}

function parseLine(line: string, where: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new Error(`${where}: expected a JSON object, got ${JSON.stringify(line.slice(0, 60))}`);
}
