import { type CurvePoint, finite, isObject, type Json, type RunRecord, settingsOf } from './run-record.ts';

/**
 * The runs in a results.json that a comparison's report wrote.
 *
 * @throws Error when the value is not such a file's, or of another version
 */
export function runsOfResults(results: unknown, source: string): RunRecord[] {
  if (!isObject(results) || !Array.isArray(results.trials)) {
    throw new Error(`${source}: not the results of a comparison, which hold a list of trials`);
  }
  if (results.schemaVersion !== 1) {
    throw new Error(
      `${source}: has the format ${String(results.schemaVersion)}, this version reads format 1`,
    );
  }
  const { experiment, shared } = results;
  const common = { ...(isObject(experiment) ? experiment : {}), ...(isObject(shared) ? shared : {}) };
  const { name: _, description: __, differing: ___, ...settings } = common as Record<string, unknown>;
  return results.trials.filter(isObject).map((trial, index) => runOf(trial, settings, `${source}[${index}]`));
}

function runOf(trial: Json, shared: Json, fallback: string): RunRecord {
  const curve = isObject(trial.curve) ? trial.curve : {};
  return {
    run: typeof trial.id === 'string' ? trial.id : fallback,
    status: String(trial.status),
    optimizer: String(trial.optimizer),
    seed: finite(trial.seed),
    parameters: finite(trial.parameters),
    steps: finite(trial.steps),
    tokens: finite(trial.tokens),
    loss: finite(trial.finalValidationLoss),
    trainLoss: finite(trial.finalTrainLoss),
    seconds: finite(trial.seconds),
    flopsPerToken: finite(trial.flopsPerToken),
    settings: settingsOf({ ...shared, ...nested(trial.variation), settings: trial.settings }),
    training: pointsOf(curve.train),
    validation: pointsOf(curve.validation),
  };
}

/** What varies between the trials comes under dotted names: `{ 'budget.steps': 100 }` is `{ budget: { steps: 100 } }`. */
function nested(variation: unknown): Json {
  const result: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(isObject(variation) ? variation : {})) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let place = result;
    for (const key of keys) {
      place[key] = isObject(place[key]) ? { ...place[key] } : {};
      place = place[key] as Record<string, unknown>;
    }
    place[last] = value;
  }
  return result;
}

function pointsOf(points: unknown): CurvePoint[] {
  return (Array.isArray(points) ? points : [])
    .filter(isObject)
    .map(({ step, tokens, loss }) => ({ step: Number(step), tokens: Number(tokens), loss: finite(loss) }));
}
