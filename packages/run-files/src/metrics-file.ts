import { finite, isObject, type Json, parseObject, readText } from './json-files.ts';
import { RunError } from './run-error.ts';

/** A logged point of a run. */
export interface CurvePoint {
  readonly step: number;
  readonly tokens: number;
  /** Of training so far, where the run counts them. */
  readonly flops?: number;
  readonly seconds: number;
  /** In nats per token; `null` where it was not finite. */
  readonly loss: number | null;
}

/** Norms and rates of one role's parameters at a step, by the name of the measure. */
export type LayerMeasures = Readonly<Record<string, number>>;

/** One logged training step with everything the trainer wrote of it. */
export interface TrainingLine extends CurvePoint {
  readonly learningRate: number | null;
  readonly gradientNorm: number | null;
  /** By role, where the experiment records layers. */
  readonly layers?: Readonly<Record<string, LayerMeasures>>;
}

/** The lines of a run's metrics.jsonl, ascending in step. */
export interface Metrics {
  readonly train: readonly TrainingLine[];
  readonly validation: readonly CurvePoint[];
}

/**
 * Reads metrics.jsonl; a last line cut off by a kill is left out, and of repeated steps the later one counts, because a
 * resumed run logs again the steps after its last checkpoint. No file is no lines.
 *
 * @throws RunError when a line is not what the trainer writes; the message names file and line
 */
export async function readMetrics(path: string): Promise<Metrics> {
  const train: TrainingLine[] = [];
  const validation: CurvePoint[] = [];
  const lines = ((await readText(path)) ?? '').split('\n');
  // Whole without an end of line, or cut off: then it is not JSON, as no part of an object is.
  if (!isWhole(lines.at(-1)!)) lines.pop();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const where = `${path}:${index + 1}`;
    const entry = parseObject(line, where);
    const step = finite(entry.step);
    if (step === null || step < 0)
      throw new RunError(`${where}: step must be a number from 0, got ${JSON.stringify(entry.step)}`);
    const flops = finite(entry.flops);
    const point = {
      step,
      tokens: finite(entry.tokens) ?? 0,
      ...(flops === null ? {} : { flops }),
      seconds: finite(entry.seconds) ?? 0,
      loss: finite(entry.loss),
    };
    if (entry.kind === 'train') append(train, { ...point, ...trainingFields(entry) });
    else if (entry.kind === 'evaluation') append(validation, point);
  }
  return { train, validation };
}

function isWhole(line: string): boolean {
  try {
    return isObject(JSON.parse(line));
  } catch {
    return false;
  }
}

function append<Point extends CurvePoint>(points: Point[], point: Point): void {
  while ((points.at(-1)?.step ?? -1) >= point.step) points.pop();
  points.push(point);
}

function trainingFields({ learningRate, gradientNorm, layers }: Json) {
  return {
    learningRate: finite(learningRate),
    gradientNorm: finite(gradientNorm),
    ...(isObject(layers) ? { layers: readLayers(layers) } : {}),
  };
}

/** Roles and measures name parts of pages and files. */
export const measureName = /^[a-z][\w-]{0,60}$/i;

function readLayers(layers: Json): Record<string, LayerMeasures> {
  return Object.fromEntries(
    Object.entries(layers).flatMap(([role, measures]) => {
      if (!measureName.test(role)) return [];
      const numbers = Object.entries(isObject(measures) ? measures : {}).flatMap(([name, value]) => {
        const number = finite(value);
        return number === null || !measureName.test(name) ? [] : [[name, number] as const];
      });
      return [[role, Object.fromEntries(numbers)] as const];
    }),
  );
}
