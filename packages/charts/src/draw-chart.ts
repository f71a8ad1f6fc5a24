import { printable } from '@steepest/run-files';
import type { Chart } from './chart.ts';
import { chartOption } from './chart-option.ts';
import { darkStyle } from './colors.ts';
import { drawSvg } from './draw-svg.ts';
import { optionalPackage } from './optional-package.ts';

/** Options of {@link drawChart}. */
export interface DrawChartOptions {
  /** In points; by default 680. */
  readonly width?: number | undefined;
  /** In points; by default 430. */
  readonly height?: number | undefined;
}

/**
 * Draws a chart as an SVG image, with echarts, which must be installed along with this package. Its colors are dark on
 * light, or light on dark where the reader's system prefers that.
 *
 * @throws Error when echarts is not installed
 */
export async function drawChart(chart: Chart, options: DrawChartOptions = {}): Promise<string> {
  const { width = 680, height = 430 } = options;
  const echarts = await loadEcharts();
  const svg = drawSvg(echarts, { width, height }, chartOption(shown(chart), width));
  return svg.replace(/<svg [^>]*>/, (start) => start + darkStyle());
}

/** Names come from files, and an image with control characters is not valid XML. */
function shown(chart: Chart): Chart {
  return { ...chart, series: chart.series.map((own) => ({ ...own, name: printable(own.name) })) };
}

/** A library of 600 modules, which only those who draw install and load. */
async function loadEcharts() {
  try {
    const [echarts, charts, components, renderers] = await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ]);
    echarts.use([
      charts.CustomChart,
      charts.LineChart,
      charts.ScatterChart,
      components.GridComponent,
      components.LegendComponent,
      components.TitleComponent,
      renderers.SVGRenderer,
    ]);
    return echarts;
  } catch (error) {
    throw optionalPackage('charts need', 'echarts', error);
  }
}
