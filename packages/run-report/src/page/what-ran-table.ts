import type { ResolvedMember, ResolvedOptimizer } from '@steepest/experiments';
import { type Html, html } from '../html.ts';
import { absent, formatSettings } from '../number-format.ts';
import type { Results, TrialResult } from '../results/results.ts';
import { shownTrial } from '../statistics/selection.ts';
import { heading, key, row, table, text } from './report-tables.ts';

/** One line of what ran: an optimizer, a member of a hybrid, or a group of parameters with options of their own. */
export interface RanRow {
  readonly algorithm: string;
  readonly parameters: string;
  readonly learningRate: string;
  readonly weightDecay: string;
  readonly options: string;
  readonly clipping: string;
}

/** Every option of each optimizer at its best setting, given or not, with the members and groups that it has. */
export function whatRanSection(results: Results): Html | undefined {
  if (results.trials.length === 0) return undefined;
  const head = ['Optimizer', ...ranHeads].map(heading);
  const rows = results.optimizers.flatMap((optimizer) => {
    const trial = shownTrial(results, optimizer);
    if (trial === undefined) return [];
    return ranRows(trial).map((line, index) =>
      row([
        html`<th scope="row">${index === 0 && [key(results, optimizer.name), optimizer.title]}</th>`,
        text(line.algorithm),
        text(line.parameters, 'settings'),
        text(line.learningRate),
        text(line.weightDecay),
        text(line.options, 'settings'),
        text(line.clipping),
      ]),
    );
  });
  return html`<section><h2>What ran</h2>
<p class="caption">Every option of each optimizer at its best setting, defaults included; where no trial finished, of its first. Weight
decay that is independent is the share that a step at the peak takes away, fixed of every step, decoupled it is multiplied by
the learning rate, l2 it is added to the gradient.</p>
${table('what-ran', head, rows)}
</section>`;
}

/** Heads of the columns of {@link RanRow}. */
export const ranHeads = [
  'Algorithm',
  'Parameters',
  'Peak learning rate',
  'Weight decay',
  'Other options',
  'Gradients clipped at',
] as const;

/** What ran in a trial, a row for each member and group. */
export function ranRows({ resolved, settings }: TrialResult): RanRow[] {
  if (resolved === null) {
    return [
      {
        algorithm: 'not recorded',
        parameters: 'not recorded',
        learningRate: formatSettings(settings.learningRate ?? absent),
        weightDecay: formatSettings(settings.weightDecay ?? 'not recorded'),
        options: `${formatSettings(others(settings)) || 'none given'}; the rest is not recorded`,
        clipping: 'not recorded',
      },
    ];
  }
  return resolved.members.flatMap((member) => memberRows(resolved, member));
}

function memberRows(
  { members, clipGlobalNorm, refreshEvery }: ResolvedOptimizer,
  { title, match, options, groups }: ResolvedMember,
): RanRow[] {
  const refreshed = refreshEvery === null ? {} : { 'refresh every': refreshEvery };
  const own: RanRow = {
    algorithm: title,
    parameters: match === undefined ? (members.length > 1 ? 'the others' : 'all') : formatSettings(match),
    learningRate: formatSettings(options.learningRate),
    weightDecay: decayText(options),
    options: formatSettings({ ...others(options), ...refreshed }) || 'none',
    clipping: clipGlobalNorm === null ? 'not clipped' : `global norm ${formatSettings(clipGlobalNorm)}`,
  };
  const ofGroups = groups.map((group): RanRow => {
    const { match: selected, ...changed } = group;
    const decays = 'weightDecay' in changed || 'weightDecayMode' in changed;
    return {
      algorithm: `${title}, group`,
      parameters: formatSettings(selected),
      learningRate: 'learningRate' in changed ? formatSettings(changed.learningRate) : 'the same',
      weightDecay: decays ? decayText({ ...options, ...changed }) : 'the same',
      options: formatSettings(others(changed)) || 'the same',
      clipping: 'the same',
    };
  });
  return [...ofGroups, own];
}

function decayText({ weightDecay, weightDecayMode }: Readonly<Record<string, unknown>>): string {
  return weightDecay === 0 || weightDecay === undefined
    ? 'none'
    : `${formatSettings(weightDecay)} ${String(weightDecayMode)}`;
}

function others(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown = new Set(['learningRate', 'weightDecay', 'weightDecayMode', 'clipGlobalNorm', 'match']);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !shown.has(name)));
}
