import { markdownTable } from '@steepest/run-files';
import { bestSetting, judgedTrials, type Results, roleTitle, settingsOf } from '@steepest/run-report';
import { intervalReach, mean } from '@steepest/statistics';
import { titleOf } from './evidence.ts';

/** A ratio over seeds: the geometric mean, and the 95 % interval of Student's t on its logarithms. */
export interface Ratio {
  readonly mean: number;
  /** `null` with fewer than two seeds. */
  readonly interval: readonly [number, number] | null;
}

/** The roles that others are measured by. */
const blockRoles = ['attention', 'mlp'] as const;

/** Logarithms of one number of each seed. */
type LogsBySeed = ReadonlyMap<number | null, number>;

/** An optimizer's effective learning rates in the second half of training, by role. */
export type RoleRates = ReadonlyMap<
  string,
  {
    /** |update| / |gradient| over that of the matrices of the blocks, as logarithms. */
    readonly relative: LogsBySeed;
    /** The largest effective rate of a tensor of the role over the smallest, as a geometric mean over steps and seeds. */
    readonly spread: number;
  }
>;

/** The effective rates of an optimizer at its best setting, in those roles that every seed has; none where no layers were recorded. */
export function roleRates({ trials }: Results, optimizer: string): RoleRates {
  const best = bestSetting(settingsOf(trials.filter((trial) => trial.optimizer === optimizer)));
  const seeds = (best === undefined ? [] : judgedTrials(best)).flatMap(({ trial }) =>
    trial.status === 'finished' && trial.layers !== undefined
      ? [[trial.seed, logsOf(trial.layers, (trial.steps ?? 0) / 2)] as const]
      : [],
  );
  const roles = [...new Set(seeds.flatMap(([, logs]) => [...logs.keys()]))];
  return new Map(
    roles
      .filter((role) => seeds.every(([, logs]) => logs.has(role)))
      .map((role) => [
        role,
        {
          relative: new Map(seeds.map(([seed, logs]) => [seed, logs.get(role)!.relative])),
          spread: Math.exp(mean(seeds.map(([, logs]) => logs.get(role)!.spread))),
        },
      ]),
  );
}

type Layers = NonNullable<Results['trials'][number]['layers']>;
type Logs = { readonly relative: number; readonly spread: number };

/** Means of logarithms over the steps after one at which the role and the matrices of the blocks all have gradients and updates. */
function logsOf(layers: Layers, after: number): ReadonlyMap<string, Logs> {
  const points = (role: string) => new Map((layers[role] ?? []).map((point) => [point.step, point]));
  const logRate = (point: Layers[string][number] | undefined) =>
    point === undefined ? Number.NaN : Math.log(point.updateNorm! / point.gradientNorm!);
  const blocks = blockRoles.map(points);
  return new Map(
    Object.entries(layers).flatMap(([role, all]) => {
      const logs = all
        .filter(({ step }) => step > after)
        .map(
          (point): Logs => ({
            relative: logRate(point) - mean(blocks.map((block) => logRate(block.get(point.step)))),
            spread: Math.log(point.effectiveRateSpread!),
          }),
        )
        .filter(({ relative, spread }) => Number.isFinite(relative) && Number.isFinite(spread));
      if (logs.length === 0) return [];
      return [
        [
          role,
          { relative: mean(logs.map((one) => one.relative)), spread: mean(logs.map((one) => one.spread)) },
        ] as const,
      ];
    }),
  );
}

/** The geometric mean of numbers given by their logarithms. */
export function ratioOf(logs: readonly number[]): Ratio {
  const center = mean(logs);
  const reach = intervalReach(logs);
  return {
    mean: Math.exp(center),
    interval: reach === null ? null : [Math.exp(center - reach), Math.exp(center + reach)],
  };
}

/**
 * A table of effective rates by optimizer and role, and below it, with several seeds, how Adam's differ from those of SGD; empty where
 * no layers were recorded.
 */
export function effectiveRates(results: Results): string {
  const all = results.optimizers
    .map(({ name }) => ({ name, rates: roleRates(results, name) }))
    .filter(({ rates }) => rates.size > 0);
  if (all.length === 0) return '';
  const roles = [...new Set(all.flatMap(({ rates }) => [...rates.keys()]))];
  const rows = all.map(({ name, rates }) => [
    titleOf(results, name),
    ...roles.map((role) => {
      const rate = rates.get(role);
      return rate === undefined
        ? '–'
        : `${text(ratioOf([...rate.relative.values()]))}; ${short(rate.spread)}`;
    }),
  ]);
  return [
    'Effective learning rates in the second half of training: |update| / |gradient| of all parameters of a role, relative to the attention and MLP matrices, ' +
      'as geometric means over steps and seeds, with 95 % intervals over seeds where there are several. After the semicolon, the largest rate of a tensor of the role over the smallest, which is 1 for a role of one tensor.',
    markdownTable(['optimizer', ...roles.map(roleTitle)], rows, { padded: false }),
    whatAdamDoes(all),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

interface OptimizerRates {
  readonly name: string;
  readonly rates: RoleRates;
}

/** Adam's rates over those of SGD, which has one rate for all parameters, so that only momentum and gradients tell roles apart. */
function whatAdamDoes(all: readonly OptimizerRates[]): string {
  const [adam, sgd] = ['adam', 'sgd'].map((wanted) => all.find(({ name }) => name === wanted)?.rates);
  if (adam === undefined || sgd === undefined) return '';
  const said = [...adam].flatMap(([role, { relative }]) => {
    const single = sgd.get(role)?.relative;
    if (single === undefined || (blockRoles as readonly string[]).includes(role)) return [];
    const logs = [...relative].flatMap(([seed, log]) => (single.has(seed) ? [log - single.get(seed)!] : []));
    return logs.length < 2 ? [] : [`${roleTitle(role)} ${text(ratioOf(logs))}`];
  });
  if (said.length === 0) return '';
  return (
    "**Where adaptivity acts.** Adam's relative rates over those of SGD, which has one learning rate for all parameters, paired by seed: " +
    `${said.join(', ')}. A role whose interval does not hold 1 is one that Adam trains faster or slower, compared with the matrices, than a single rate would. ` +
    'This says what adaptive optimizers do, not what a model needs: the hybrids try that.'
  );
}

function text({ mean: center, interval }: Ratio): string {
  return interval === null
    ? short(center)
    : `${short(center)} (${short(interval[0])} to ${short(interval[1])})`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}
