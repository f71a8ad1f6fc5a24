import type { NgramBaselines } from '@steepest/c4-data';
import type {
  EarlierResults,
  EarlierTrial,
  ResolvedOptimizer,
  TrialConfig,
  TrialOrigin,
} from '@steepest/experiments';
import { type CurvePoint, type MetricsLine, printableValues, type TrialSummary } from '@steepest/run-files';
import type { Results, TrialResult } from '../results/results.ts';
import { canonical } from '../statistics/selection.ts';
import { flatSettings, keysOfTokens } from '../statistics/variations.ts';

/**
 * Results whose trials a run may take instead of training them again: those of other run folders, or what was shared of them. A trial is
 * the same, whatever its experiment calls it, where everything is that its numbers depend on: the options that its optimizer came
 * to, seed, model, data, schedule, budget, evaluation and backend, and what counts of n-grams make of the text. The code that
 * trained it is not known.
 *
 * @param name What messages call them, such as their folder
 * @param results Of trials that are the same the first counts
 */
export function earlierResults(name: string, results: readonly Results[]): EarlierResults {
  const known = results.flatMap(knownTrials);
  const bySettings = grouped(known, ({ settings }) =>
    settings === undefined ? [] : [canonical([...settings])],
  );
  const byName = grouped(known, ({ trial }) => [trial.id]);
  return {
    name,
    backend: known[0]?.backend,
    trial: (config, text) => {
      const planned = printableValues(JSON.parse(JSON.stringify(config)) as TrialConfig);
      const settings = described(planned, planned.resolved!, flatSettings(planned));
      const differences = (one: KnownTrial) => [
        ...(config.record === undefined
          ? []
          : ['its layers are to be recorded, of which results keep a part']),
        ...(one.settings === undefined
          ? ['what ran there was not recorded']
          : differencesOf(one.settings, settings)),
        ...(text === undefined ? [] : textDifference(one.text, text)),
      ];
      const same = bySettings.get(canonical([...settings])) ?? [];
      const found = same.find((one) => differences(one).length === 0);
      if (found !== undefined) return earlierTrial(found);
      const [nearest] = [...same, ...(byName.get(config.trial) ?? [])];
      return nearest && { differences: differences(nearest) };
    },
  };
}

function grouped<T>(
  values: readonly T[],
  keysOf: (value: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    for (const key of keysOf(value)) groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
}

/** A trial that is over, and what its numbers depend on: unknown in results of earlier versions. */
interface KnownTrial {
  readonly trial: TrialResult;
  readonly settings: Flat | undefined;
  readonly text: NgramBaselines | null;
  readonly backend: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  readonly origin: TrialOrigin;
}

function knownTrials(results: Results): KnownTrial[] {
  const { experiment, date, machine, baselines: text, shared, trials } = results;
  const backend = results.backend?.name;
  const settingsOf = settingsAmong(results);
  return trials.flatMap((trial) => {
    const { status, resolved, takenFrom } = trial;
    if (status !== 'finished' && status !== 'diverged') return [];
    const settings =
      resolved === null ? undefined : described({ ...trial, backend }, resolved, settingsOf(trial));
    const origin = takenFrom ?? { results: experiment.name, date, machine };
    const versions = trial.versions ?? (shared.versions as KnownTrial['versions'] | undefined) ?? {};
    return [{ trial, settings, text, backend, versions, origin }];
  });
}

/** Another engine may round a logarithm differently. */
const sameLoss = 1e-9;

/** What n-grams counted on the tokens that are read say of the validation text: of another text, something else. */
function textDifference(there: NgramBaselines | null, here: NgramBaselines): string[] {
  if (there === null) return ['text: what n-grams say of it was not recorded there'];
  const isSame =
    there.trainTokens === here.trainTokens &&
    there.validationTokens === here.validationTokens &&
    (['unigram', 'bigram', 'trigram'] as const).every((n) => Math.abs(there[n] - here[n]) < sameLoss);
  const losses = ({ unigram, bigram, trigram, trainTokens }: NgramBaselines) =>
    `${[unigram, bigram, trigram].map((loss) => loss.toFixed(4)).join(', ')} nats after ${trainTokens.toLocaleString('en')} tokens`;
  return isSame
    ? []
    : [`text: 1, 2 and 3-grams predict it with ${losses(there)} there, ${losses(here)} here`];
}

/** What the numbers of a trial depend on, by dotted key, each value as canonical JSON. */
type Flat = ReadonlyMap<string, string>;

/** The settings of each trial put together again: what all share, and what varies between them. */
function settingsAmong({ shared, trials }: Results): (trial: TrialResult) => Flat {
  const common = flatSettings(shared);
  const varied = new Set(trials.flatMap(({ variation }) => Object.keys(variation)));
  const keepSteps = varied.has('budget.steps') || !keysOfTokens.some((key) => varied.has(key));
  return ({ variation, status, steps }) => {
    const settings = new Map([...common].filter(([key]) => !varied.has(key)));
    for (const [key, value] of Object.entries(variation)) settings.set(key, canonical(value));
    // At equal tokens the steps follow from the batch, and are not kept. One that diverged does not say how many it was to take.
    if (!keepSteps) settings.set('budget.steps', status === 'finished' ? canonical(steps) : 'unknown');
    return settings;
  };
}

/** One line for each thing about a trial that is not as it would be trained now. */
function differencesOf(there: Flat, here: Flat): string[] {
  const keys = [...new Set([...there.keys(), ...here.keys()])];
  return keys
    .filter((key) => there.get(key) !== here.get(key))
    .map((key) => `${key}: ${there.get(key) ?? 'not set'} there, ${here.get(key) ?? 'not set'} here`);
}

type Identity = Pick<TrialResult, 'seed'> & { readonly backend: string | undefined };

/** In one order of keys, so that the same settings are the same text. */
function described({ seed, backend }: Identity, resolved: ResolvedOptimizer, surroundings: Flat): Flat {
  // What a default would have been changes nothing, and titles may have been reworded.
  const { members, decayLeftOut: _, ...ofEngine } = resolved;
  const options = members.flatMap(({ title: __, options: own, ...member }, index) =>
    Object.entries({ ...member, ...own }).map(([key, value]) => [`members.${index}.${key}`, value] as const),
  );
  const values = [...Object.entries({ seed, backend, ...ofEngine }), ...options].flatMap(([key, value]) =>
    value === undefined ? [] : [[key, canonical(value)] as const],
  );
  return new Map([...values, ...surroundings].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function earlierTrial({ trial, versions, origin }: KnownTrial): EarlierTrial {
  const { status, reason, curve } = trial;
  const line = (kind: 'train' | 'evaluation') => (point: CurvePoint) =>
    ({
      kind,
      ...point,
      ...(kind === 'train' ? { learningRate: null, gradientNorm: null } : {}),
    }) as MetricsLine;
  const lines = [...curve.train.map(line('train')), ...curve.validation.map(line('evaluation'))];
  // Of one step, training comes before the evaluation.
  lines.sort((a, b) => a.step - b.step || (a.kind === 'train' ? 0 : 1) - (b.kind === 'train' ? 0 : 1));
  const summary = {
    status,
    ...(reason === undefined ? {} : { reason }),
    steps: trial.steps,
    tokens: trial.tokens,
    finalTrainLoss: trial.finalTrainLoss,
    finalValidationLoss: trial.finalValidationLoss,
    bestValidationLoss: trial.bestValidationLoss,
    initialValidationLoss: trial.initialValidationLoss,
    tokensPerSecond: trial.tokensPerSecond,
    ...(trial.threads === undefined ? {} : { threads: trial.threads }),
    millisecondsPerStep: trial.millisecondsPerStep,
    optimizerMillisecondsPerStep: trial.optimizerMillisecondsPerStep,
    stateBytesPerParameter: trial.stateBytesPerParameter,
    parameters: trial.parameters,
    seconds: trial.seconds,
  } as TrialSummary;
  return { from: origin, versions, summary, metrics: lines };
}
