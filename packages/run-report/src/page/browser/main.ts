// Runs in the report's page: draws its charts from the JSON element next to it, and redraws them when new results come.

import { stateOption, timeOption } from '../../charts/bars.ts';
import type { ReportCharts } from '../../charts/chart-data.ts';
import { curveChoices, curvesOption } from '../../charts/curves.ts';
import { divergenceOption } from '../../charts/divergence.ts';
import { echarts } from '../../charts/echarts.ts';
import { mostLines, withFewLines } from '../../charts/few-lines.ts';
import { finalLossOption } from '../../charts/final-loss.ts';
import { layerMeasures, layersOption } from '../../charts/layers.ts';
import { sensitivityOption } from '../../charts/sensitivity.ts';
import type { ChartOption, Theme } from '../../charts/theme.ts';
import { drawLegends } from './legend.ts';
import { followResults } from './live.ts';

type Choice = Readonly<Record<string, string>>;

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const chosen: Record<string, Choice> = {};
/** Charts with a row for each optimizer. */
const charted = new Set(['final-loss', 'divergence', 'time', 'state']);
const hidden = new Set<string>();
const drawn = new Map<string, ReturnType<typeof echarts.init>>();
let charts = JSON.parse(document.getElementById('chart-data')!.textContent) as ReportCharts;
const shownAtFirst = new Set(withFewLines(charts).optimizers.map(({ name }) => name));
for (const { name } of charts.optimizers) if (!shownAtFirst.has(name)) hidden.add(name);

/** Draws a chart: of `some` of the optimizers where these can be hidden, else of all. */
type Drawing = (some: ReportCharts, choice: Choice, theme: Theme) => ChartOption | null;

const options: Readonly<Record<string, Drawing>> = {
  'final-loss': (_some, _choice, theme) => finalLossOption(charts, theme),
  validation: (some, choice, theme) => curvesOption(some, view({ curve: 'validation', ...choice }), theme),
  training: (some, choice, theme) => curvesOption(some, view({ curve: 'train', ...choice }), theme),
  sensitivity: (some, choice, theme) => sensitivityOption(some, swept(choice), theme),
  divergence: (_some, choice, theme) => divergenceOption(charts, swept(choice), theme),
  layers: (some, choice, theme) =>
    layersOption(some, { measure: choice.measure ?? layerMeasures(charts)[0] ?? '' }, theme),
  time: (_some, _choice, theme) => timeOption(charts, theme),
  state: (_some, _choice, theme) => stateOption(charts, theme),
};

function shown(): ReportCharts {
  return { ...charts, optimizers: charts.optimizers.filter(({ name }) => !hidden.has(name)) };
}

function view(choice: Choice) {
  return { x: 'step', range: 'whole run', of: curveChoices(charts)[0], ...choice } as Parameters<
    typeof curvesOption
  >[1];
}

function swept(choice: Choice) {
  const key = charts.sweeps[0]?.key ?? '';
  return { key, align: 'as swept', range: 'all losses', ...choice } as Parameters<
    typeof sensitivityOption
  >[1];
}

function theme(): Theme {
  const style = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return {
    dark: dark.matches,
    narrow: window.innerWidth < 700,
    text: style('--text'),
    muted: style('--muted'),
    line: style('--line'),
    surface: style('--surface'),
    background: style('--background'),
    model: style('--model'),
    bad: style('--bad'),
    waiting: style('--waiting'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

function drawChart(id: string): void {
  const element = document.getElementById(id);
  if (!element) return;
  const drawing = options[id]!;
  const option = drawing(shown(), chosen[id] ?? {}, theme());
  const figure = element.closest<HTMLElement>('.figure')!;
  // A chart that only what is hidden or chosen leaves empty stays, so that its reader can choose otherwise.
  figure.hidden = option === null && drawing(charts, {}, theme()) === null;
  if (figure.hidden) return;
  const { length } = charts.optimizers;
  if (charted.has(id) && length > mostLines) element.style.height = `${80 + 22 * length}px`;
  if (!drawn.has(id)) drawn.set(id, echarts.init(element, null, { renderer: 'svg' }));
  drawn.get(id)!.setOption(option ?? { series: [] }, true);
}

function draw(): void {
  drawLegends(charts, hidden, dark.matches, draw);
  for (const id of Object.keys(options)) drawChart(id);
}

/** The buttons that choose what a chart shows; taken up again whenever the page's content is replaced. */
function listenToSwitches(): void {
  for (const button of Array.from(document.querySelectorAll<HTMLButtonElement>('.switch button'))) {
    const { chart = '', ...choice } = button.dataset as Record<string, string>;
    const [name = ''] = Object.keys(choice);
    const current = chosen[chart]?.[name];
    if (current !== undefined) button.setAttribute('aria-pressed', String(current === choice[name]));
    button.addEventListener('click', () => {
      chosen[chart] = { ...chosen[chart], ...choice };
      for (const other of Array.from(button.parentElement!.children))
        other.setAttribute('aria-pressed', String(other === button));
      drawChart(chart);
    });
  }
}

dark.addEventListener('change', draw);
window.addEventListener('resize', () => {
  for (const chart of drawn.values()) chart.resize();
  draw();
});
followResults((content, next) => {
  for (const chart of drawn.values()) chart.dispose();
  drawn.clear();
  document.querySelector('main')!.innerHTML = content;
  charts = next;
  listenToSwitches();
  draw();
});
listenToSwitches();
draw();
