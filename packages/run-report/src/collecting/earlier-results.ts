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
import { loadResults } from './load-results.ts';

/**
 * Results whose trials a run may take instead of training them again: those of another run folder, or what was shared of one. A trial is
 * the same where everything is that its numbers depend on: the options that its optimizer came to, seed, model, data, schedule,
 * budget, evaluation and backend, and what counts of n-grams make of the text. The code that trained it is not known.
 *
 * @param folder With a results.json, or the files of a run
 * @throws RunError when it holds neither, or what is damaged or was edited
 */
export async function earlierResults(folder: string): Promise<EarlierResults> {
  const results = await loadResults(folder);
  const over = new Map(
    results.trials
      .filter(({ status }) => status === 'finished' || status === 'diverged')
      .map((trial) => [trial.id, trial]),
  );
  const origin: TrialOrigin = {
    results: results.experiment.name,
    date: results.date,
    machine: results.machine,
  };
  const settingsOf = settingsAmong(results);
  const backend = results.backend?.name;
  return {
    name: folder,
    backend,
    trial: (config, text) => {
      const trial = over.get(config.trial);
      if (trial === undefined) return undefined;
      const { resolved } = trial;
      if (resolved === null) return { differences: ['its options were not recorded there'] };
      if (config.record !== undefined)
        return { differences: [`record: ${config.record} is for run files alone`] };
      const planned = printableValues(JSON.parse(JSON.stringify(config)) as TrialConfig);
      const differences = differencesOf(
        described({ ...trial, backend }, resolved, settingsOf(trial, config)),
        described(planned, planned.resolved!, flatSettings(planned)),
      );
      if (text !== undefined) differences.push(...textDifference(results.baselines, text));
      return differences.length > 0 ? { differences } : earlierTrial(trial, origin);
    },
  };
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
function settingsAmong({ shared, trials }: Results): (trial: TrialResult, config: TrialConfig) => Flat {
  const common = flatSettings(shared);
  const varied = new Set(trials.flatMap(({ variation }) => Object.keys(variation)));
  const shareSteps = varied.has('budget.steps') || !keysOfTokens.some((key) => varied.has(key));
  return (trial, { budget }) => {
    const settings = new Map([...common].filter(([key]) => !varied.has(key)));
    for (const [key, value] of Object.entries(trial.variation)) settings.set(key, canonical(value));
    // At equal tokens the steps follow from the batch, and are not kept.
    if (!shareSteps) {
      const steps = trial.status === 'finished' ? trial.steps : stepsOfTokens(shared.budget, budget);
      settings.set('budget.steps', canonical(steps));
    }
    return settings;
  };
}

type Length = Pick<TrialConfig['budget'], 'steps' | 'batchSize' | 'contextLength'>;

/** The steps of a trial that read as many tokens as another, up to one step: those that are planned, where they do. */
function stepsOfTokens(there: unknown, planned: Length): number {
  const { steps, batchSize, contextLength } = there as Length;
  const [tokensPerStep, ofPlanned] = [batchSize * contextLength, planned.batchSize * planned.contextLength];
  const excess = Math.abs(steps * tokensPerStep - planned.steps * ofPlanned);
  return excess < Math.max(tokensPerStep, ofPlanned) ? planned.steps : steps;
}

/** One line for each thing about a trial that is not as it would be trained now. */
function differencesOf(there: Flat, here: Flat): string[] {
  const keys = [...new Set([...there.keys(), ...here.keys()])];
  return keys
    .filter((key) => there.get(key) !== here.get(key))
    .map((key) => `${key}: ${there.get(key) ?? 'not set'} there, ${here.get(key) ?? 'not set'} here`);
}

type Identity = Pick<TrialResult, 'optimizer' | 'seed' | 'settings'> & {
  readonly backend: string | undefined;
};

function described(
  { optimizer, seed, settings, backend }: Identity,
  resolved: ResolvedOptimizer,
  surroundings: Flat,
): Flat {
  const { members, ...ofEngine } = resolved;
  const options = members.flatMap(({ title: _, options: own, ...member }, index) =>
    Object.entries({ ...member, ...own }).map(([key, value]) => [`members.${index}.${key}`, value] as const),
  );
  const values = [...Object.entries({ optimizer, seed, settings, backend, ...ofEngine }), ...options].flatMap(
    ([key, value]) => (value === undefined ? [] : [[key, canonical(value)] as const]),
  );
  return new Map([...values, ...surroundings]);
}

function earlierTrial(trial: TrialResult, origin: TrialOrigin): EarlierTrial {
  const { status, reason, curve, takenFrom } = trial;
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
  return { from: takenFrom ?? origin, summary, metrics: lines };
}
