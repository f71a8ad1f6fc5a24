import type { BackendName } from '@steepest/backend';
import type { OptimizerGrid, SettingValue } from './optimizer-grids.ts';
import type { DataSettings, Experiment, ModelSettings, ScheduleSettings } from './schema.ts';

/** Options of one trial's optimizer. */
export type TrialSettings = { readonly learningRate: number } & Readonly<Record<string, SettingValue>>;

/** Everything that determines a trial; frozen in its `config.json`. */
export interface TrialConfig {
  readonly schemaVersion: 1;
  readonly experiment: string;
  readonly trial: string;
  readonly optimizer: string;
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
    Object.entries(optimizers).flatMap(([optimizer, given]) =>
      gridOf(given).map(({ settings, varied }) => ({
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
function gridOf(given: OptimizerGrid): { settings: TrialSettings; varied: string[] }[] {
  const entries = Object.entries(given).filter((entry) => entry[1] !== undefined);
  const varied = entries.filter(([key, value]) => key !== 'learningRate' && Array.isArray(value));
  let combinations: Record<string, SettingValue>[] = [{}];
  for (const [key, value] of entries) {
    const values = [...new Set([value].flat() as SettingValue[])];
    combinations = combinations.flatMap((chosen) => values.map((next) => ({ ...chosen, [key]: next })));
  }
  return combinations.map((settings) => ({
    settings: settings as TrialSettings,
    varied: varied.map(([key]) => key),
  }));
}

function trialId(
  optimizer: string,
  settings: TrialSettings,
  varied: readonly string[],
  seed: number,
): string {
  const extra = varied.map((key) => `-${key}_${formatValue(settings[key]!)}`).join('');
  return `${optimizer}-lr${formatValue(settings.learningRate)}${extra}-seed${seed}`;
}

/** Short text of a value for an identifier: 0.00316 becomes `3.16e-3`, 0.95 stays `0.95`. */
export function formatValue(value: SettingValue): string {
  if (typeof value !== 'number') return String(value).replaceAll(/[^\w.-]/g, '_');
  return value === 0 || (Math.abs(value) >= 0.1 && Math.abs(value) < 10_000)
    ? String(value)
    : value.toExponential();
}
