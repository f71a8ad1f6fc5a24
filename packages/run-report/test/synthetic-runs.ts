import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrialStatus } from '../src/index.ts';

/** One made-up trial: its losses fall from 8.3 to `loss` as the square root of the steps does. */
export interface SyntheticTrial {
  readonly optimizer: string;
  readonly learningRate: number;
  readonly seed?: number;
  readonly status?: TrialStatus;
  readonly loss?: number;
  readonly settings?: Record<string, unknown>;
  readonly optimizerMilliseconds?: number;
  readonly stateBytes?: number;
  readonly reason?: string;
  readonly threads?: { readonly least: number; readonly most: number };
  readonly parameters?: number;
  /** Logs measures of the layers at every tenth step. */
  readonly layers?: boolean;
  /** Leaves summary.json out, as a kill does. */
  readonly killed?: boolean;
  /** Time of a step without the optimizer's part, 180 ms by default. */
  readonly modelMilliseconds?: number;
  readonly config?: Record<string, unknown>;
}

const STEPS = 200;
const TOKENS_PER_STEP = 512;
const INITIAL_LOSS = 8.3;

export const EXPERIMENT = {
  name: 'quick',
  description: 'Six optimizers on a nano model.',
  model: { size: 'nano', vocabularySize: 4096 },
  budget: { steps: STEPS },
  optimizers: [
    { name: 'adam', title: 'Adam' },
    { name: 'sgd', title: 'SGD' },
    { name: 'lion', title: 'Lion' },
    { name: 'signum', title: 'Signum' },
    { name: 'adafactor', title: 'Adafactor' },
    { name: 'adalayer', title: 'Adalayer' },
  ],
  backend: { name: 'wasm', reason: 'tfjs-node is not installed' },
  machine: { cpu: 'Example CPU', cores: 2, node: 'v20.19.0' },
};

/** Trial id as the runner names it. */
export function trialId({ optimizer, learningRate, settings = {}, seed = 1 }: SyntheticTrial): string {
  const extra = 'weightDecay' in settings ? `-weightDecay_${settings.weightDecay}` : '';
  return `${optimizer}-lr${learningRate}${extra}-seed${seed}`;
}

/** Writes run files of these trials as the trainer and the runner would. */
export async function writeRuns(
  outDirectory: string,
  trials: readonly SyntheticTrial[],
  experiment: object | null = EXPERIMENT,
): Promise<void> {
  await mkdir(outDirectory, { recursive: true });
  if (experiment) await writeFile(join(outDirectory, 'experiment.json'), JSON.stringify(experiment));
  for (const trial of trials) await writeTrial(join(outDirectory, trialId(trial)), trial);
}

async function writeTrial(directory: string, trial: SyntheticTrial): Promise<void> {
  const { optimizer, learningRate, seed = 1, status = 'finished', loss = 5, settings = {} } = trial;
  const steps = status === 'finished' ? STEPS : STEPS / 4;
  const config = {
    id: trialId(trial),
    optimizer,
    settings: { learningRate, ...settings },
    seed,
    experiment: 'quick',
    model: { size: 'nano', layers: 2, seed },
    data: { source: 'embedded', tokenizer: 'embedded', contextLength: 64, batchSize: 8, seed },
    schedule: { type: 'study', peak: learningRate, warmupSteps: 20, totalSteps: STEPS },
    budget: { steps: STEPS, batchSize: 8, contextLength: 64 },
    versions: { steepest: '0.1.0', tfjs: '4.22.0' },
    ...trial.config,
  };
  const at = (step: number) => ({ step, tokens: step * TOKENS_PER_STEP, seconds: step * 0.2 });
  const lossAt = (step: number) => {
    const blowUp = status === 'diverged' ? step / 10 : 0;
    return INITIAL_LOSS - (INITIAL_LOSS - loss) * Math.sqrt(step / STEPS) + blowUp;
  };
  const lines: object[] = [{ kind: 'evaluation', ...at(0), loss: INITIAL_LOSS }];
  for (let step = 1; step <= steps; step++) {
    const noise = 0.4 * (((step * 0.618034 + seed * 0.37) ** 2 % 1) - 0.5);
    lines.push({
      kind: 'train',
      ...at(step),
      loss: lossAt(step) + noise,
      learningRate,
      gradientNorm: 1,
      ...layersAt(trial, step),
    });
    if (step % 20 === 0) lines.push({ kind: 'evaluation', ...at(step), loss: lossAt(step) });
  }
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  await writeFile(
    join(directory, 'metrics.jsonl'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  if (trial.killed) return;
  const finished = status === 'finished';
  const optimizerMillisecondsPerStep = trial.optimizerMilliseconds ?? 20;
  const summary = {
    status,
    steps,
    tokens: steps * TOKENS_PER_STEP,
    seconds: steps * 0.2,
    finalTrainLoss: finished ? loss - 0.05 : null,
    finalValidationLoss: finished ? loss : null,
    bestValidationLoss: finished ? loss : lossAt(20),
    initialValidationLoss: INITIAL_LOSS,
    tokensPerSecond: 2560,
    millisecondsPerStep: (trial.modelMilliseconds ?? 180) + optimizerMillisecondsPerStep,
    optimizerMillisecondsPerStep,
    stateBytesPerParameter: trial.stateBytes ?? 8,
    parameters: trial.parameters ?? 360_000,
    ...(trial.threads ? { threads: trial.threads } : {}),
    ...(trial.reason ? { reason: trial.reason } : {}),
  };
  await writeFile(join(directory, 'summary.json'), JSON.stringify(summary));
}

function layersAt(trial: SyntheticTrial, step: number): { layers?: object } {
  if (!trial.layers || step % 10 !== 0) return {};
  const roles = ['embedding', 'attention', 'mlp', 'norm', 'lastLayer'];
  const entries = roles.map((role, index) => {
    const gradientNorm = (index + 1) / Math.sqrt(step);
    const updateNorm = trial.learningRate * (index + 1);
    const measures = {
      gradientNorm,
      updateNorm,
      parameterNorm: 10 + step / 50,
      effectiveRateSpread: 2 + index,
    };
    return [role, { ...measures, updateToWeight: updateNorm / measures.parameterNorm }];
  });
  return { layers: Object.fromEntries(entries) };
}

/** A sweep of weight decay with three seeds of each value, one of them stopped by the tuning; layers recorded. */
export const SEEDED: readonly SyntheticTrial[] = (
  [
    ['adam', 3.16e-3, [5.1, 5.0, 5.3], 26, [0, 0, 0]],
    ['lion', 3.16e-4, [5.25, 5.12, 5.02], 14, [0.02, -0.015, -0.005]],
    ['sgd', 1, [6.3, 6.2, 6.9], 9, [0.01, -0.004, -0.006]],
  ] as const
).flatMap(([optimizer, learningRate, losses, optimizerMilliseconds, ofSeed]) =>
  [0, 0.1, 1].flatMap((weightDecay, index) =>
    [1, 2, 3].map((seed): SyntheticTrial => {
      const lost = optimizer === 'sgd' && weightDecay === 1 && seed > 1;
      const status = lost ? (seed === 2 ? 'diverged' : 'stopped') : 'finished';
      return {
        optimizer,
        learningRate,
        seed,
        status,
        settings: { weightDecay },
        loss: losses[index]! + (seed - 2) * 0.01 + (seed === 3 ? 0.004 : 0) + ofSeed[seed - 1]!,
        layers: true,
        optimizerMilliseconds,
        // The embedded tokenizer's 4,096 pieces at 64 and 2 layers, as the runner's nano has them.
        parameters: 623_168,
      };
    }),
  ),
);

/** A comparison as the default experiment ends: five rates each, some diverged, one interrupted, one failed. */
export const TYPICAL: readonly SyntheticTrial[] = [
  ...grid(
    'adam',
    [3e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2],
    [5.9, 5.3, 5.02, 5.2, null],
    { beta1: 0.9, beta2: 0.95 },
    26,
    8,
  ),
  ...grid('sgd', [1e-2, 1e-1, 0.316, 1, 3.16], [7.6, 6.9, 6.5, 6.3, null], { momentum: 0.98 }, 9, 4),
  ...grid(
    'lion',
    [3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3],
    [6.4, 5.7, 5.1, 5.06, 5.6],
    { beta1: 0.9, beta2: 0.95 },
    14,
    4,
  ),
  ...grid(
    'signum',
    [3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3],
    [6.5, 5.8, 5.2, 5.12, 6.1],
    { beta: 0.95 },
    12,
    4,
  ),
  ...grid(
    'adafactor',
    [3e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2],
    [6, 5.4, 5.08, 5.04, 5.5],
    { beta1: 0.9, beta2: 0.95 },
    38,
    4.06,
  ),
  ...grid(
    'adalayer',
    [3e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2],
    [6.1, 5.5, 5.2, 5.1, null],
    { beta1: 0.9, beta2: 0.95 },
    17,
    4.02,
  ),
];

function grid(
  optimizer: string,
  learningRates: readonly number[],
  losses: readonly (number | null)[],
  settings: Record<string, unknown>,
  optimizerMilliseconds: number,
  stateBytes: number,
): SyntheticTrial[] {
  return learningRates.map((learningRate, index) => {
    const loss = losses[index];
    const outcome =
      typeof loss === 'number'
        ? { loss }
        : { status: 'diverged' as const, reason: 'loss 9.4 at step 50 exceeds its limit of 9.3' };
    return { optimizer, learningRate, settings, optimizerMilliseconds, stateBytes, ...outcome };
  });
}
