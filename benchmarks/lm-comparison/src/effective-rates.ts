import { markdownTable } from '@steepest/run-files';
import type { Results } from '@steepest/run-report';
import { intervalReach, mean } from '@steepest/statistics';
import { titleOf } from './evidence.ts';

/** A ratio over seeds: the geometric mean, and the 95 % interval of Student's t on its logarithms. */
export interface Ratio {
  readonly mean: number;
  /** `null` with fewer than two seeds. */
  readonly interval: readonly [number, number] | null;
}

/** What an optimizer does to the parameters of one role in the second half of training. */
export interface RoleRate {
  readonly role: string;
  /** Effective learning rate, |update| / |gradient|, over that of the matrices of the blocks. */
  readonly relative: Ratio;
  /** The largest effective rate of a tensor of the role over the smallest. */
  readonly spread: Ratio;
}

/** The roles that others are measured by. */
const blockRoles = ['attention', 'mlp'] as const;

const roleNames: Readonly<Record<string, string>> = { lastLayer: 'last layer', norm: 'norms', mlp: 'MLP' };
const named = (role: string): string => roleNames[role] ?? role;

/** The effective rates of an optimizer by role, over its finished trials; none where no layers were recorded. */
export function roleRates({ trials }: Results, optimizer: string): RoleRate[] {
  const recorded = trials.filter(
    (trial) => trial.optimizer === optimizer && trial.status === 'finished' && trial.layers !== undefined,
  );
  const perSeed = recorded.map(({ layers, steps }) => logsOf(layers!, (steps ?? 0) / 2));
  const [first] = perSeed;
  if (first === undefined || blockRoles.some((role) => perSeed.some((logs) => !logs.has(role)))) return [];
  return [...first.keys()]
    .filter((role) => perSeed.every((logs) => logs.has(role)))
    .map((role) => ({
      role,
      relative: ratioOf(
        perSeed.map((logs) => logs.get(role)!.rate - mean(blockRoles.map((block) => logs.get(block)!.rate))),
      ),
      spread: ratioOf(perSeed.map((logs) => logs.get(role)!.spread)),
    }));
}

/** Means of the logarithms of effective rates and their spreads over the steps after one, by role. */
function logsOf(
  layers: NonNullable<Results['trials'][number]['layers']>,
  after: number,
): ReadonlyMap<string, { readonly rate: number; readonly spread: number }> {
  const found = new Map<string, { rate: number; spread: number }>();
  for (const [role, points] of Object.entries(layers)) {
    const late = points.filter(({ step }) => step > after);
    const rates = late.map(({ updateNorm, gradientNorm }) => Math.log(updateNorm! / gradientNorm!));
    const spreads = late.map(({ effectiveRateSpread }) => Math.log(effectiveRateSpread!));
    // A role whose gradients were all zero at some step has no rate there.
    const [rate, spread] = [rates, spreads].map((logs) => mean(logs.filter(Number.isFinite)));
    if (Number.isFinite(rate) && Number.isFinite(spread)) found.set(role, { rate: rate!, spread: spread! });
  }
  return found;
}

function ratioOf(logs: readonly number[]): Ratio {
  const center = mean(logs);
  const reach = intervalReach(logs);
  return {
    mean: Math.exp(center),
    interval: reach === null ? null : [Math.exp(center - reach), Math.exp(center + reach)],
  };
}

/**
 * A table of effective rates by optimizer and role, and below it what an optimizer that adapts to every number does otherwise than one
 * with a single rate; empty where no layers were recorded.
 */
export function effectiveRates(results: Results): string {
  const all = results.optimizers
    .map(({ name }) => ({ name, rates: roleRates(results, name) }))
    .filter(({ rates }) => rates.length > 0);
  if (all.length === 0) return '';
  const roles = all[0]!.rates.map(({ role }) => role);
  const head = ['optimizer', ...roles.map(named)];
  const rows = all.map(({ name, rates }) => [
    titleOf(results, name),
    ...roles.map((role) => {
      const rate = rates.find((one) => one.role === role);
      return rate === undefined ? '–' : `${text(rate.relative)}; ${short(rate.spread.mean)}`;
    }),
  ]);
  return [
    'Effective learning rates in the second half of training, |update| / |gradient| of all parameters of a role, relative to those of the attention and MLP matrices ' +
      '(geometric means over steps and seeds, 95 % intervals over seeds); after the semicolon, the largest rate of a tensor of the role over the smallest:',
    markdownTable(head, rows, { padded: false }),
    whereItMatters(all),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

interface OptimizerRates {
  readonly name: string;
  readonly rates: readonly RoleRate[];
}

/** Where Adam's rates are furthest from those of SGD, which has one for all, so that only its momentum tells roles apart. */
function whereItMatters(all: readonly OptimizerRates[]): string {
  const [adam, sgd] = ['adam', 'sgd'].map((wanted) => all.find(({ name }) => name === wanted)?.rates);
  if (adam === undefined || sgd === undefined) return '';
  const others = adam.filter(({ role }) => !(blockRoles as readonly string[]).includes(role));
  const factors = others
    .flatMap((one) => {
      const single = sgd.find(({ role }) => role === one.role);
      return single === undefined ? [] : [{ ...one, factor: one.relative.mean / single.relative.mean }];
    })
    .sort((a, b) => Math.abs(Math.log(b.factor)) - Math.abs(Math.log(a.factor)));
  const [furthest] = factors;
  if (furthest === undefined) return '';
  const said = factors.map(
    ({ role, factor, relative }) => `the ${named(role)} ${short(factor)} (${text(relative)})`,
  );
  const widest = [...adam].sort((a, b) => b.spread.mean - a.spread.mean)[0]!;
  return (
    `**Where adaptivity acts.** Relative to the matrices of the blocks, Adam's effective rate is the following factor of SGD's, which has one rate for all parameters: ${said.join(', ')}; ` +
    `in parentheses Adam's own. It is furthest from one rate for all in the ${named(furthest.role)}. Between tensors of one role Adam's rates differ most in the ${named(widest.role)}, by a factor of ${short(widest.spread.mean)}. ` +
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
