import {
  type MemoryTraffic,
  memoryTraffic,
  planUpdate,
  recordOf,
  type UpdateRule,
} from '@steepest/optimizer';
import { planSums } from '../../packages/optimizer/src/rule/plan.ts';
import { markdownTable } from './markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';

const parameter = { name: 'weight', shape: [1024, 1024], size: 1024 * 1024 };

/** All optimizers by the memory of their state, with what a step costs and what is left to tune, for the page to choose by. */
export function optimizerChoice(packages: readonly OptimizerPackage[]): string {
  const rows = packages.flatMap(({ folder, optimizers }) =>
    optimizers.map(({ exportName, optimizer: { rule } }) => {
      const { bytes, state, step, learningRate } = optimizerCosts(rule);
      return { bytes, cells: [`[\`${exportName}\`](../${folder})`, state, step, learningRate] };
    }),
  );
  rows.sort((a, b) => a.bytes - b.bytes || (a.cells[0]! < b.cells[0]! ? -1 : 1));
  return markdownTable(
    ['class', 'state, bytes per parameter', 'step, bytes moved per parameter', 'learning rate'],
    rows.map(({ cells }) => cells),
  );
}

/** What an optimizer costs under its default options, as tables say it. */
export interface OptimizerCosts {
  /** Bytes of state per parameter of a 1024 x 1024 matrix. */
  readonly bytes: number;
  /** The same, without the rows, columns and blocks that are less than a tenth of a byte. */
  readonly state: string;
  /** Bytes that a step moves per parameter, or that it is bound by matrix products. */
  readonly step: string;
  /** What a user has to say of the step size. */
  readonly learningRate: string;
}

export function optimizerCosts(rule: UpdateRule): OptimizerCosts {
  const { stateBytesPerParameter: bytes } = recordOf(rule);
  return { bytes, state: shown(bytes), step: cost(rule), learningRate: tuning(rule) };
}

const shown = (bytes: number): string => String(Math.floor(bytes * 10 + 1e-9) / 10);

/** What a compiled step moves, sums over the parameter included. */
function cost(rule: UpdateRule): string {
  const settings = Object.entries(rule.settings ?? {}).map(([name, spec]) => [
    name,
    (spec as { default: unknown }).default,
  ]);
  const context = {
    parameter,
    settings: Object.fromEntries(settings) as Record<string, unknown>,
    constant: (name: string) =>
      name === 'weightDecay' ? 0 : (rule.hyperparameters[name]?.default as number | undefined),
  };
  const sums = planSums(rule, context);
  const passes = [planUpdate(rule, context), ...(sums === undefined ? [] : [sums])].map(memoryTraffic);
  if (passes.includes(undefined)) return 'products of matrices';
  const moved = (passes as MemoryTraffic[]).reduce((total, pass) => total + pass.moved, 0);
  return String(Math.round(moved / parameter.size));
}

function tuning(rule: UpdateRule): string {
  if (rule.groupState?.sums !== undefined) return 'finds its own; 1, under any schedule';
  if (rule.average !== undefined) return 'to tune, without a schedule';
  if (rule.rateIsInitial === true) return 'of the first step only';
  return 'to tune, with a schedule';
}
