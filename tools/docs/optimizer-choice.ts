import { recordOf, type UpdateRule } from '@steepest/optimizer';
import { differenceText, type Standing } from '../../benchmarks/lm-comparison/src/loss-table.ts';
import { anchorOf, sectionOf } from '../../benchmarks/lm-comparison/src/sections.ts';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import type { OptimizerPackage } from './optimizer-packages.ts';
import { broadExperiment, comparedWith } from './published-standings.ts';
import { bytesMoved, resultsFolder, shownBytes } from './step-costs.ts';

/**
 * All optimizers by the memory of their state, with what a step costs, what is left to tune and how they end in the comparison of
 * all of them, for the page to choose by.
 *
 * @param measured By the name of the optimizer; where it is empty, the table has no column of losses.
 */
export function optimizerChoice(
  packages: readonly OptimizerPackage[],
  measured: ReadonlyMap<string, Standing>,
): string {
  const reference = measuredReference(measured);
  const lossOf = (name: string): string[] => {
    if (reference === undefined) return [];
    const standing = measured.get(name);
    return [name === comparedWith ? '0' : standing === undefined ? '–' : differenceText(standing)];
  };
  const rows = packages.flatMap(({ folder, optimizers }) =>
    optimizers.map(({ exportName, optimizer: { rule } }) => {
      const { bytes, state, step, learningRate } = optimizerCosts(rule);
      return {
        bytes,
        cells: [`[\`${exportName}\`](../${folder})`, state, step, learningRate, ...lossOf(rule.name)],
      };
    }),
  );
  rows.sort((a, b) => a.bytes - b.bytes || (a.cells[0]! < b.cells[0]! ? -1 : 1));
  return markdownTable(
    [
      'class',
      'state, bytes per parameter',
      'step, bytes moved per parameter',
      'learning rate',
      ...(reference === undefined ? [] : [`loss vs ${reference.title}`]),
    ],
    rows.map(({ cells }) => cells),
  );
}

/** What the column of losses means and where it is from; nothing where there is no such column. */
export function lossColumnNote(measured: ReadonlyMap<string, Standing>): string {
  const reference = measuredReference(measured);
  if (reference === undefined) return '';
  const section = sectionOf(broadExperiment);
  if (section === undefined) throw new Error(`the page of results has no section for ${broadExperiment}`);
  const results = `../${resultsFolder}/README.md#${anchorOf(section)}`;
  const settings = `../benchmarks/lm-comparison/experiments/${broadExperiment}.yaml`;
  return [
    `Loss vs ${reference.title}: final validation loss minus that of ${reference.title}, in nats per token, with its standard error over the`,
    `seeds of both, each at its own best learning rate, from [${section.title}](${results}): small models and short`,
    `runs, whose order need not be that of large ones. It holds for the settings of [\`${broadExperiment}.yaml\`](${settings}): without weight decay,`,
    'and for some, such as the momentum of `Sgd` and `beta2` and `epsilon` of `Adam`, not with the defaults that the other columns are for. The learning rate was tuned',
    'for all, also for those that find their own, and the warm-up and cosine are those of all but the schedule-free. A dash: not measured.',
  ].join('\n');
}

function measuredReference(measured: ReadonlyMap<string, Standing>): Standing | undefined {
  const reference = measured.get(comparedWith);
  return reference?.loss == null ? undefined : reference;
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
  return {
    bytes,
    state: shownBytes(bytes),
    step: String(bytesMoved(rule) ?? 'products of matrices'),
    learningRate: tuning(rule),
  };
}

/** What a user has to say of the step size. */
function tuning(rule: UpdateRule): string {
  if (rule.groupState?.sums !== undefined) return 'finds its own; 1, under any schedule';
  if (rule.average !== undefined) return 'to tune, without a schedule';
  if (rule.rateIsInitial === true) return 'of the first step only';
  return 'to tune, with a schedule';
}
