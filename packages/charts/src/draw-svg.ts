/** What is used of `echarts/core`, whose own types cannot be read from CommonJS. */
export interface ChartLibrary {
  init(
    element: null,
    theme: null,
    options: {
      readonly renderer: 'svg';
      readonly ssr: true;
      readonly width: number;
      readonly height: number;
    },
  ): {
    setOption(option: Readonly<Record<string, unknown>>): void;
    renderToSVGString(): string;
    dispose(): void;
  };
}

/**
 * Draws a chart as an SVG image that stands alone.
 *
 * @param echarts the library, which a caller loads when there is something to draw
 * @param size in points
 */
export function drawSvg(
  echarts: ChartLibrary,
  size: { readonly width: number; readonly height: number },
  option: Readonly<Record<string, unknown>>,
): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption(option);
    // What a pointer over a mark would change has no place in a file.
    return chart
      .renderToSVGString()
      .replace(/<style[\s\S]*?<\/style>/g, '')
      .replaceAll(/ class="zr[^"]*"/g, '');
  } finally {
    chart.dispose();
  }
}
