import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type MemoryTraffic,
  memoryTraffic,
  planUpdate,
  recordOf,
  type UpdateRule,
} from '@steepest/optimizer';
import { anchorOf, sections } from '../../benchmarks/lm-comparison/src/sections.ts';
import { matrixOptimizers } from '../../benchmarks/optimizer-step/src/matrices/operations.ts';
import { planSums } from '../../packages/optimizer/src/rule/plan.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';

const parameter = { name: 'weight', shape: [1024, 1024], size: 1024 * 1024 };

/** Bytes with at most one digit after the point, rounded down: rows, columns and blocks are less than a tenth. */
export const shownBytes = (bytes: number): string => String(Math.floor(bytes * 10 + 1e-9) / 10);

/** Bytes per parameter that a compiled step moves, sums over the parameter included; `undefined` for products of matrices. */
export function bytesMoved(rule: UpdateRule): number | undefined {
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
  if (passes.includes(undefined)) return undefined;
  const moved = (passes as MemoryTraffic[]).reduce((total, pass) => total + pass.moved, 0);
  return Math.round(moved / parameter.size);
}

/** The names under which experiments of the comparison report results, by experiment. */
export type ComparedOptimizers = ReadonlyMap<string, ReadonlySet<string>>;

export const resultsFolder = 'benchmarks/lm-comparison/results';

/** Reads which optimizers the comparison of a repository has results of. */
export function comparedOptimizers(repository: string): ComparedOptimizers {
  const folder = join(repository, resultsFolder);
  const experiments = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(
    experiments
      .filter((experiment) => existsSync(join(folder, experiment, 'results.json')))
      .map((experiment) => {
        const file = join(folder, experiment, 'results.json');
        const { optimizers } = JSON.parse(readFileSync(file, 'utf8')) as { optimizers: { name: string }[] };
        return [experiment, new Set(optimizers.map(({ name }) => name))] as const;
      }),
  );
}

/** Memory, cost of a step and measured curves of the optimizers of a package, for its README. */
export function costTable({ optimizers }: OptimizerPackage, compared: ComparedOptimizers): string {
  const rows = optimizers.map(({ exportName, optimizer: { rule } }) => [
    `\`${exportName}\``,
    `${shownBytes(recordOf(rule).stateBytesPerParameter)} bytes per parameter`,
    stepCost(rule),
    curves(rule.name, compared),
  ]);
  return markdownTable(['class', 'state', 'step', 'loss curves in our comparison'], rows);
}

function stepCost(rule: UpdateRule): string {
  const moved = bytesMoved(rule);
  if (moved !== undefined) return `moves ${moved} bytes per parameter`;
  const counted = matrixOptimizers.find(({ optimizer }) => optimizer === rule.name);
  if (counted === undefined) return 'products of matrices';
  const sides = /\b[nm]\b/.test(counted.formula) ? ', with n its shorter side and m its longer' : '';
  return `${counted.formula}: operations for a matrix of r x c${sides}`;
}

/** A link to the first section of the results that has the optimizer, and to the others together. */
function curves(name: string, compared: ComparedOptimizers): string {
  const experiments = [...compared.keys()].filter((experiment) => compared.get(experiment)!.has(name));
  const chosen = sections.find(({ experiment }) => experiments.includes(experiment));
  if (chosen === undefined) return 'not in it yet';
  const page = `../../${resultsFolder}/README.md`;
  const link = `[${chosen.title}](${page}#${anchorOf(chosen)})`;
  const others = experiments.length - 1;
  return others === 0 ? link : `${link} and ${others} more of its [results](${page})`;
}
