import { finite, isObject, type Json } from '@steepest/run-files';
import { describeValue } from '../options.ts';
import { type CurvePoint, type RunRecord, settingsOf } from './run-record.ts';

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
  return results.trials.map((trial, index) => {
    if (isObject(trial)) return runOf(trial, settings, `${source}[${index}]`);
    throw new Error(`${source}: trials[${index}] must be an object, got ${describeValue(trial)}`);
  });
}

function runOf(trial: Json, shared: Json, fallback: string): RunRecord {
  const curve = isObject(trial.curve) ? trial.curve : {};
  return {
    run: typeof trial.id === 'string' ? trial.id : fallback,
    status: String(trial.status),
    optimizer: typeof trial.optimizer === 'string' ? trial.optimizer : null,
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
  const byFirst = new Map<string, Json>();
  const result = new Map<string, unknown>();
  for (const [path, value] of Object.entries(isObject(variation) ? variation : {})) {
    const [first = '', ...rest] = path.split('.');
    if (rest.length === 0) result.set(first, value);
    else byFirst.set(first, { ...byFirst.get(first), [rest.join('.')]: value });
  }
  for (const [first, inner] of byFirst) {
    const whole = result.get(first);
    result.set(first, { ...(isObject(whole) ? whole : {}), ...nested(inner) });
  }
  return Object.fromEntries(result);
}

function pointsOf(points: unknown): CurvePoint[] {
  return (Array.isArray(points) ? points : []).filter(isObject).map(({ step, tokens, loss }) => ({
    step: finite(step) ?? 0,
    tokens: finite(tokens) ?? 0,
    loss: finite(loss),
  }));
}
