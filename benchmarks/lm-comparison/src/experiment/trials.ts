import type { BackendName } from '@steepest/backend';
import type { DataSettings, Experiment, ModelSettings, OptimizerName, ScheduleSettings } from './schema.ts';

type Grids = { [Name in OptimizerName]: NonNullable<Experiment['optimizers'][Name]> }[OptimizerName];
type KeysOf<Union> = Union extends unknown ? keyof Union : never;

/** Name of any hyper-parameter that an experiment can set for some optimizer. */
export type HyperparameterName = KeysOf<Grids>;

/** Hyper-parameters of one trial. */
export type TrialSettings = { readonly learningRate: number } & {
  readonly [Name in Exclude<HyperparameterName, 'learningRate'>]?: number;
};

/** Everything that determines a trial; frozen in its `config.json`. */
export interface TrialConfig {
  readonly schemaVersion: 1;
  readonly experiment: string;
  readonly trial: string;
  readonly optimizer: OptimizerName;
  readonly settings: TrialSettings;
  readonly seed: number;
  readonly model: ModelSettings;
  readonly data: DataSettings;
  readonly schedule: ScheduleSettings;
  readonly budget: Experiment['budget'];
  readonly evaluation: Experiment['evaluation'];
  /** Name of the tfjs backend, never `auto`: a trial must not change backend when it is resumed. */
  readonly backend: BackendName;
  readonly versions: Readonly<Record<string, string>>;
}

/** One configuration a combination of grid values and seed, in the order of the file. */
export function trialsOf(
  experiment: Experiment,
  environment: { readonly backend: BackendName; readonly versions: Readonly<Record<string, string>> },
): TrialConfig[] {
  const { name, model, data, schedule, budget, evaluation, seeds, optimizers } = experiment;
  return seeds.flatMap((seed) =>
    (Object.keys(optimizers) as OptimizerName[]).flatMap((optimizer) =>
      gridOf(optimizers[optimizer] ?? {}).map(({ settings, varied }) => ({
        schemaVersion: 1 as const,
        experiment: name,
        trial: trialId(optimizer, settings, varied, seed),
        optimizer,
        settings,
        seed,
        model,
        data,
        schedule,
        budget,
        evaluation,
        ...environment,
      })),
    ),
  );
}

/** Every combination of the values given as lists; `varied` names the lists other than the learning rate. */
function gridOf(given: Readonly<Record<string, number | readonly number[] | undefined>>): {
  settings: TrialSettings;
  varied: HyperparameterName[];
}[] {
  const entries = Object.entries(given).filter((entry) => entry[1] !== undefined);
  const varied = entries.filter(([key, value]) => key !== 'learningRate' && Array.isArray(value));
  let combinations: Record<string, number>[] = [{}];
  for (const [key, value] of entries) {
    const values = [...new Set([value].flat() as number[])];
    combinations = combinations.flatMap((chosen) => values.map((next) => ({ ...chosen, [key]: next })));
  }
  return combinations.map((settings) => ({
    settings: settings as TrialSettings,
    varied: varied.map(([key]) => key as HyperparameterName),
  }));
}

function trialId(
  optimizer: string,
  settings: TrialSettings,
  varied: readonly HyperparameterName[],
  seed: number,
): string {
  const extra = varied.map((key) => `-${key}_${formatValue(settings[key] ?? 0)}`).join('');
  return `${optimizer}-lr${formatValue(settings.learningRate)}${extra}-seed${seed}`;
}

/** Short decimal for an identifier: 0.00316 becomes `3.16e-3`, 0.95 stays `0.95`. */
export function formatValue(value: number): string {
  return value === 0 || (Math.abs(value) >= 0.1 && Math.abs(value) < 10_000)
    ? String(value)
    : value.toExponential();
}
