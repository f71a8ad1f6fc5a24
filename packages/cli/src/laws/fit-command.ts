import { resolve } from 'node:path';
import {
  describeHoldOut,
  goodnessTable,
  type HoldOutOptions,
  type Law,
  type LawFit,
  parameterTable,
} from '@steepest/scaling-laws';
import { type RunTableOptions, type SavedFit, saveFit } from '@steepest/scaling-laws/node';
import { fittableLaw } from './asked-laws.ts';
import { chooseColumns, keepRows } from './columns.ts';
import { lawOptions } from './options.ts';
import { printJson, printLines } from './output.ts';
import { readRuns } from './read-runs.ts';
import { drawTable } from './text-table.ts';

/** The flags of `laws fit`. */
export interface FitFlags {
  readonly law: string;
  readonly column: readonly string[];
  readonly where: readonly string[];
  readonly bestOf: readonly string[];
  readonly mix: readonly string[];
  readonly option: readonly string[];
  readonly points?: RunTableOptions['points'] | undefined;
  readonly status?: RunTableOptions['status'] | undefined;
  readonly bootstrap?: number | undefined;
  readonly seed?: number | undefined;
  readonly confidence?: number | undefined;
  readonly holdOut?: HoldOutOptions | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Fits a law on runs, prints what came out, and keeps it in a folder where one is given. */
export async function fitCommand(paths: readonly string[], flags: FitFlags): Promise<void> {
  const law = fittableLaw(flags.law);
  const own = lawOptions(law, flags.option);
  const {
    points = law.points,
    status = law.status,
    bootstrap,
    seed,
    confidence,
    holdOut,
    bestOf,
    mix,
  } = flags;
  const read = keepRows(await readRuns(paths, { points, status }), flags.where);
  const { table, columns } = chooseColumns(law, read, flags.column);
  const fit = law.fit(table, { ...own, bootstrap, seed, confidence, holdOut, columns, bestOf, mix });
  const saved = flags.out === undefined ? undefined : await saveFit(flags.out, fit);
  if (flags.json) {
    printJson({ ...describeFit(law, fit), rows: table.length, source: table.source, files: saved });
    return;
  }
  printLines([...fitLines(law, fit), ...savedLines(saved)]);
}

function describeFit({ name, title, formula, source: paper }: Law, fit: LawFit) {
  const { parameters, objective, goodness, holdOut, warnings } = fit;
  return { law: name, title, formula, paper, parameters, objective, goodness, holdOut, warnings };
}

function fitLines(law: Law, fit: LawFit): string[] {
  const { holdOut, warnings, objective } = fit;
  return [
    `${law.title}\n${law.formula}\n${law.source}\n`,
    drawTable(parameterTable(fit)),
    '',
    drawTable(goodnessTable(fit)),
    `objective ${objective.toPrecision(6)}`,
    ...(holdOut === undefined ? [] : [describeHoldOut(holdOut)]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

function savedLines(saved: SavedFit | undefined): string[] {
  if (saved === undefined) return ['', '--out <folder> keeps the fit, to predict with, and its charts'];
  const pngs = saved.charts.filter((file) => file.endsWith('.png')).length;
  const count = saved.charts.length - pngs;
  return [
    '',
    `Fit      ${resolve(saved.law)}`,
    ...(count === 0 ? [] : [`Charts   ${count} as SVG${pngs === 0 ? '' : ' and PNG'} in the same folder`]),
    ...(saved.report === undefined ? [] : [`Report   ${resolve(saved.report)}`]),
    ...saved.warnings.map((warning) => `warning: ${warning}`),
  ];
}
