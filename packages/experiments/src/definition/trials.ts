import type { BackendName } from '@steepest/backend';
import type { ShapePhase } from '@steepest/trainer';
import type { z } from 'zod';
import { type Axis, axesOf, type Point, pointsOf } from './grid.ts';
import type { OptimizerEntry } from './optimizer-entries.ts';
import { needsRefresh, type SettingValue } from './option-shapes.ts';
import type { MemberRecipe, OptimizerRecipe } from './recipe.ts';
import { type ResolvedOptimizer, resolveOptimizer } from './resolved-optimizer.ts';
import { merged } from './scales.ts';
import type { DataSettings, Experiment, ModelSettings, ScheduleSettings } from './schema.ts';
import { type scheduleOverride, stepsOf } from './surroundings.ts';

/**
 * What tells a trial from the others of its optimizer: the options of its optimizer, and under their path the swept keys
 * (`schedule.warmupFraction`) and what varies in the members of a hybrid (`members.0.beta2`).
 */
export type TrialSettings = { readonly learningRate: number } & Readonly<Record<string, SettingValue>>;

/** How long a trial trains. */
export interface TrialBudget {
  readonly steps: number;
  readonly batchSize: number;
  /** Of the model and of the evaluation; of the training batches too, unless there are phases. */
  readonly contextLength: number;
  readonly phases?: readonly ShapePhase[];
}

/** Where a trial was trained whose results were taken from elsewhere. */
export interface TrialOrigin {
  /** What those results are called. */
  readonly results: string;
  /** When the newest of them was written, ISO 8601. */
  readonly date: string | null;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string } | null;
}

/** Everything that determines a trial; frozen in its `config.json`. */
export interface TrialConfig {
  readonly schemaVersion: 1;
  readonly experiment: string;
  readonly trial: string;
  /** The name of the optimizer in the experiment, which may be one of its own. */
  readonly optimizer: string;
  readonly settings: TrialSettings;
  readonly recipe: OptimizerRecipe;
  /** Every option that the recipe comes to, defaults included; absent in trials of earlier versions. */
  readonly resolved?: ResolvedOptimizer;
  readonly seed: number;
  readonly model: ModelSettings;
  readonly data: DataSettings;
  readonly schedule: ScheduleSettings;
  readonly budget: TrialBudget;
  readonly evaluation: Experiment['evaluation'];
  readonly record?: 'layers';
  /** Name of the tfjs backend, never `auto`: a trial must not change backend when it is resumed. */
  readonly backend: BackendName;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the tokens that it reads and is evaluated on, whatever files they come from; absent in trials of earlier versions. */
  readonly textHash?: string;
  /** Absent in a trial that was trained in its run. */
  readonly takenFrom?: TrialOrigin;
}

/** Where trials run; the same for all trials of a folder. */
export interface TrialEnvironment {
  readonly backend: BackendName;
  readonly versions: Readonly<Record<string, string>>;
  /** Absent before the text has been read. */
  readonly textHash?: string;
}

/** Steps between refreshes of the curvature, as Liu et al. 2023 (arXiv 2305.14342) train with Sophia. */
const usualRefresh = 10;

/** One configuration a combination of grid values and seed, in the order of the file. */
export function trialsOf(experiment: Experiment, environment: TrialEnvironment): TrialConfig[] {
  return experiment.seeds.flatMap((seed) =>
    Object.entries(experiment.optimizers).flatMap(([optimizer, entry]) =>
      pointsOf(axesOf(entry, experiment.sweep)).map((point) =>
        trialAt(experiment, optimizer, point, seed, environment),
      ),
    ),
  );
}

/** The trial of one optimizer of an experiment with one choice of values and one seed. */
export function trialAt(
  experiment: Experiment,
  optimizer: string,
  point: Point,
  seed: number,
  environment: TrialEnvironment,
): TrialConfig {
  const { name, data, evaluation, sweep, record } = experiment;
  const entry = experiment.optimizers[optimizer]!;
  const axes = axesOf(entry, sweep);
  const recipe = recipeOf(entry, point);
  return {
    schemaVersion: 1,
    experiment: name,
    trial: trialId(optimizer, entry, axes, point, seed),
    optimizer,
    settings: settingsOf(axes, point),
    recipe,
    resolved: resolveOptimizer(recipe),
    seed,
    data,
    ...surroundingsOf(experiment, entry, point),
    evaluation,
    ...(record === undefined ? {} : { record }),
    ...environment,
  };
}

/** Fixed options of a hybrid's members are part of its recipe and tell no trials apart. */
function settingsOf(axes: readonly Axis[], point: Point): TrialSettings {
  const own = axes.filter(({ key, varied }) => varied || !key.startsWith('members.'));
  return Object.fromEntries(own.map(({ key }) => [key, point[key]!])) as TrialSettings;
}

const engineKeys = ['weightDecay', 'weightDecayMode', 'clipGlobalNorm', 'refreshEvery'] as const;

function recipeOf(entry: OptimizerEntry, point: Point): OptimizerRecipe {
  const chosen = valuesOf(entry.options, point);
  const ofEngine = Object.entries(chosen).filter(([key]) => isEngineKey(key));
  const ofMain = Object.fromEntries(Object.entries(chosen).filter(([key]) => !isEngineKey(key)));
  const members = entry.members.map(({ optimizer, match, groups, options: own }, index) => ({
    optimizer,
    ...(match === undefined ? {} : { match }),
    options: {
      // The member without a rate of its own has that of the whole.
      ...(own.learningRate === undefined ? ofMain : {}),
      ...valuesOf(own, point, `members.${index}.`),
    } as MemberRecipe['options'],
    ...(groups === undefined ? {} : { groups }),
  }));
  const main = entry.members.findIndex(({ options }) => options.learningRate === undefined);
  const refreshed = members.some(({ optimizer }) => needsRefresh(optimizer));
  return {
    members,
    ...(main === members.length - 1 ? {} : { main }),
    ...(refreshed ? { refreshEvery: usualRefresh } : {}),
    ...(Object.fromEntries(ofEngine) as Omit<OptimizerRecipe, 'members'>),
  };
}

function isEngineKey(key: string): boolean {
  return (engineKeys as readonly string[]).includes(key);
}

function valuesOf(options: object, point: Point, prefix = ''): Record<string, SettingValue> {
  const keys = Object.keys(options).filter((key) => point[`${prefix}${key}`] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, point[`${prefix}${key}`]!]));
}

/** Model, schedule and budget of a trial: the experiment's under those of its optimizer and the swept keys. */
function surroundingsOf(
  experiment: Experiment,
  entry: OptimizerEntry,
  point: Point,
): Pick<TrialConfig, 'model' | 'schedule' | 'budget'> {
  const swept = (group: string) => {
    const own = Object.entries(point).filter(([key]) => key.startsWith(`${group}.`));
    return Object.fromEntries(own.map(([key, value]) => [key.slice(group.length + 1), value]));
  };
  const { steps, tokens, ...sizes } = experiment.budget;
  const levels: readonly BudgetChange[] = [
    tokens === undefined ? { steps } : { tokens },
    given(entry.budget ?? {}),
    swept('budget'),
  ];
  // The innermost that says how long to train counts, whether it says so in steps or in tokens.
  const length = levels.findLast((level) => level.steps !== undefined || level.tokens !== undefined);
  const { batchSize, contextLength, phases }: typeof sizes = Object.assign({}, sizes, ...levels);
  const reading = { batchSize, contextLength, ...(phases === undefined ? {} : { phases }) };
  return {
    model: merged(merged(experiment.model, entry.model ?? {}), swept('model')) as ModelSettings,
    schedule: changed(changed(experiment.schedule, entry.schedule ?? {}), swept('schedule')),
    budget: {
      steps: stepsOf({ steps: length?.steps, tokens: length?.tokens, ...reading }),
      ...reading,
    },
  };
}

/** A schedule under a change of it. One of another type inherits warm-up and decay, `constant` neither, since other factors suit it. */
function changed(schedule: ScheduleSettings, change: z.output<typeof scheduleOverride>): ScheduleSettings {
  const { type = schedule.type } = change;
  const { warmupFraction, decayFraction } = schedule;
  const lengths = {
    ...(warmupFraction === undefined ? {} : { warmupFraction }),
    ...(decayFraction === undefined ? {} : { decayFraction }),
  };
  const inherited = type === 'constant' ? {} : lengths;
  return merged(type === schedule.type ? schedule : { type, ...inherited }, change) as ScheduleSettings;
}

interface BudgetChange {
  readonly steps?: number;
  readonly tokens?: number;
  readonly batchSize?: number;
  readonly contextLength?: number;
  readonly phases?: ShapePhase[];
}

/** The same object as one whose absent keys are absent for the type checker too. */
function given<T extends object>(settings: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return settings as { [K in keyof T]: Exclude<T[K], undefined> };
}

function trialId(
  optimizer: string,
  entry: OptimizerEntry,
  axes: readonly Axis[],
  point: Point,
  seed: number,
): string {
  const extra = axes
    .filter(({ key, varied }) => varied && key !== 'learningRate')
    .map(({ key }) => `-${shortKey(key, entry)}_${formatValue(point[key]!)}`)
    .join('');
  return `${optimizer}-lr${formatValue(point.learningRate!)}${extra}-seed${seed}`;
}

/** `schedule.warmupFraction` is `warmupFraction` in a name, and `members.0.beta2` is `adalayer.beta2`. */
function shortKey(key: string, entry: OptimizerEntry): string {
  const [group, ...rest] = key.split('.');
  if (rest.length === 0) return key;
  if (group !== 'members') return rest.join('.');
  return `${entry.members[Number(rest[0])]!.optimizer}.${rest.slice(1).join('.')}`;
}

/** Short text of a value for an identifier: 0.00316 becomes `3.16e-3`, 0.95 stays `0.95`. */
export function formatValue(value: SettingValue): string {
  if (typeof value !== 'number') return String(value).replaceAll(/[^\w.-]/g, '_');
  return value === 0 || (Math.abs(value) >= 0.1 && Math.abs(value) < 10_000)
    ? String(value)
    : value.toExponential();
}
