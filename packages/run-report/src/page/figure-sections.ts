import type { ReportCharts } from '../charts/chart-data.ts';
import { alongside, curveChoices } from '../charts/curves.ts';
import { layerMeasures, measureTitle } from '../charts/layers.ts';
import { type Html, html, joined } from '../html.ts';

type Choices = readonly (string | { readonly value: string; readonly title: string })[];

/** The sections of all charts, each with the buttons that choose what it shows. */
export function figures(charts: ReportCharts): Html {
  const keys = charts.sweeps.map(({ key }) => key);
  const curves = {
    x: charts.optimizers.some(({ flopsPerToken }) => flopsPerToken !== null)
      ? alongside
      : alongside.filter((x) => x !== 'FLOPs'),
    range: ['whole run', 'second half'],
    of: curveChoices(charts),
  };
  const goal = charts.baseline ? ` The dotted line is the final loss of ${charts.baseline.title}.` : '';
  return joined([
    figure(
      'final-loss',
      'Final loss',
      'The best setting of each optimizer: each seed faint, their mean in bold with its number. Dashed lines are what counts of n-grams reach; an arrow says that a mean lies further to the right.',
      {},
    ),
    figure(
      'validation',
      'Validation loss',
      `The best setting of each optimizer, a mean over its seeds, each of them faint.${goal}`,
      curves,
    ),
    figure(
      'training',
      'Training loss',
      'The best trial of each optimizer: every logged step faint, a moving average of them bold.',
      curves,
    ),
    figure(
      'sensitivity',
      keys.length === 1 && keys[0] === 'learningRate'
        ? 'Learning-rate sensitivity'
        : 'Sensitivity to hyperparameters',
      'Final validation loss of every value, the other settings at their best for it; every finished trial is a faint point, bars are one standard deviation over seeds. The best is ringed. At the top, without a final loss: a cross is a trial that diverged, a barred square one that was stopped as hopeless.',
      {
        ...(keys.length > 1 ? { key: keys } : {}),
        align: ['as swept', 'aligned at the optimum'],
        range: ['all losses', 'lowest losses'],
      },
    ),
    figure(
      'divergence',
      'Divergence map',
      'How many trials diverged or were stopped at each value; elsewhere the loss of the best setting with it.',
      keys.length > 1 ? { key: keys } : {},
      'bare',
    ),
    ...layerFigure(charts),
    html`<div class="pair">${figure('time', 'Time per step', 'Median milliseconds: forward and backward pass in grey, optimizer in color.', {}, 'bare')}
${figure('state', 'Optimizer state', 'Bytes kept for each parameter of the model.', {}, 'bare')}</div>`,
  ]);
}

function layerFigure(charts: ReportCharts): Html[] {
  const measures = layerMeasures(charts);
  if (measures.length === 0) return [];
  const drawn = figure(
    'layers',
    'Layers by role',
    'The best trial of each optimizer, over the parameters of each role.',
    { measure: measures.map((value) => ({ value, title: measureTitle(value) })) },
  );
  return [drawn];
}

function figure(
  id: string,
  title: string,
  caption: string,
  switches: Readonly<Record<string, Choices>>,
  legend: 'legend' | 'bare' = 'legend',
): Html {
  const controls = Object.entries(switches).map(([name, choices]) => {
    const buttons = choices.map((choice, index) => {
      const { value, title: shown } = typeof choice === 'string' ? { value: choice, title: choice } : choice;
      return html`<button type="button" data-chart="${id}" data-${name}="${value}" aria-pressed="${String(index === 0)}">${shown}</button>`;
    });
    return html`<span class="switch" role="group">${buttons}</span>`;
  });
  return html`<section class="figure"><h2>${title}</h2>
<p class="caption">${caption}</p>
${controls.length > 0 && html`<div class="controls">${controls}</div>`}
${legend === 'legend' && html`<div class="legend"></div>`}
<div class="chart" id="${id}" role="img" aria-label="${title}"></div></section>`;
}
