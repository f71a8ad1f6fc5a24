import { mean } from '@steepest/statistics';
import { type Html, html } from '../html.ts';
import { formatCount, formatDuration, formatLoss } from '../number-format.ts';
import type { Results, TrialResult } from '../results/results.ts';
import { heading, number, numeric, row, table } from './report-tables.ts';

/** How far a run at work is: trials that have ended, those at work, and about how long the rest takes. Empty for a run that is not. */
export function progressSection(results: Results): Html | false {
  const { trials } = results;
  const running = trials.filter(({ status }) => status === 'running');
  if (running.length === 0) return false;
  const head = [heading('trial'), numeric('step'), numeric('training loss'), numeric('time left')];
  const rows = running.map((trial) =>
    row([
      html`<th scope="row">${trial.id}</th>`,
      number(
        trial.plannedSteps === undefined
          ? formatCount(trial.steps)
          : `${formatCount(trial.steps)} of ${formatCount(trial.plannedSteps)}`,
      ),
      number(formatLoss(trial.curve.train.at(-1)?.loss ?? null)),
      number(formatDuration(secondsOf(trial))),
    ]),
  );
  return html`<section class="progress"><h2>Progress</h2>
${overall(results, running)}
${table('running', head, rows)}
</section>`;
}

/** How far all trials together are; how many there are to be is not known of a tuning, and of a search so far only. */
function overall({ trials, plannedTrials, trialsFollow }: Results, running: readonly TrialResult[]): Html {
  const ended = trials.length - running.length;
  const atWork = `${running.length} at work`;
  if (plannedTrials === undefined) {
    const more = trialsFollow === true ? ' How many follow depends on their losses.' : '';
    return html`<p>${ended} ${ended === 1 ? 'trial has' : 'trials have'} ended, ${atWork}.${more}</p>`;
  }
  // A folder may hold trials of an earlier form of its experiment.
  const planned = Math.max(plannedTrials, trials.length);
  const parts = running.map((trial) => (trial.steps ?? 0) / (trial.plannedSteps ?? Number.POSITIVE_INFINITY));
  const share = Math.min(1, (ended + parts.reduce((sum, part) => sum + part, 0)) / planned);
  const left = secondsLeft(running, planned - trials.length);
  const rest = left === null ? '' : `, about ${formatDuration(left)} left`;
  const more = trialsFollow === true ? ' More trials may follow from their losses.' : '';
  return html`<p><progress max="1" value="${share.toFixed(3)}"></progress> ${ended} of ${planned} trials have ended, ${atWork}${rest}.${more}</p>`;
}

/** Training time that a trial at work still takes at its pace so far; `null` before there is one. */
function secondsOf({ steps, plannedSteps, seconds }: TrialResult): number | null {
  if (plannedSteps === undefined || !steps || !seconds) return null;
  return (seconds / steps) * (plannedSteps - steps);
}

/** The rest of all trials at the pace of those at work, of which as many run side by side as now. */
function secondsLeft(running: readonly TrialResult[], waiting: number): number | null {
  const paced = running.flatMap((trial) => {
    const left = secondsOf(trial);
    return left === null ? [] : [{ left, whole: (trial.seconds! / trial.steps!) * trial.plannedSteps! }];
  });
  if (paced.length === 0) return null;
  const ofRunning = mean(paced.map(({ left }) => left));
  const ofWaiting = (waiting / running.length) * mean(paced.map(({ whole }) => whole));
  return Math.max(...paced.map(({ left }) => left), ofRunning + ofWaiting);
}
