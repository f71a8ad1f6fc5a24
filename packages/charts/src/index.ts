export type { Chart, ChartAxis, ChartSeries } from './chart.ts';
export { type Color, colors, fontFamily, seriesColors } from './colors.ts';
export { type DrawChartOptions, drawChart } from './draw-chart.ts';
export { type ChartLibrary, drawSvg } from './draw-svg.ts';
export { legendLines } from './legend-lines.ts';
export { rasterize } from './png.ts';
