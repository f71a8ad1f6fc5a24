import { describe, expect, it } from 'vitest';
import { drawnScale } from '../src/axis-ticks.ts';
import { type Chart, drawChart, rasterize } from '../src/index.ts';

const chart: Chart = {
  title: 'Loss & compute <of runs>',
  x: { name: 'compute', unit: 'FLOPs', scale: 'log' },
  y: { name: 'loss', unit: 'nats/token', scale: 'linear' },
  series: [
    { kind: 'points', name: 'fitted', x: [1e18, 1e19, 1e21], y: [3, 2.5, 2.2] },
    { kind: 'points', name: 'held out', x: [1e22, Number.NaN], y: [2.1, 2] },
    { kind: 'line', name: 'law', x: [1e18, 1e22], y: [3, 2] },
    { kind: 'band', name: '95 %', x: [1e18, 1e22], low: [2.9, 1.9], high: [3.1, 2.1] },
  ],
};

/** Centres of the marks of a series, in points of the image. */
function marks(svg: string, series: number): number[][] {
  const pattern = new RegExp(
    `matrix\\([\\d.]+,0,0,[\\d.]+,([\\d.]+),([\\d.]+)\\)"[^>]*ecmeta_series_index="${series}"[^>]*ecmeta_ssr_type="chart"`,
    'g',
  );
  return [...svg.matchAll(pattern)].map(([, x, y]) => [Number(x), Number(y)]);
}

describe('a drawn chart', () => {
  it('has every point where the axes say, on a logarithmic and a linear scale', async () => {
    const svg = await drawChart(chart);
    const [first, second, third] = marks(svg, 0) as [number[], number[], number[]];
    expect(marks(svg, 0)).toHaveLength(3);
    // One decade, then two; 0.5 nats, then 0.3. Positions are rounded to 1e-4 points.
    expect((third[0]! - second[0]!) / (second[0]! - first[0]!)).toBeCloseTo(2, 4);
    expect((third[1]! - second[1]!) / (second[1]! - first[1]!)).toBeCloseTo(0.6, 4);
    expect(second[1]!).toBeGreaterThan(first[1]!);
  });

  it('leaves out what has no place, such as a point at NaN', async () => {
    expect(marks(await drawChart(chart), 1)).toHaveLength(1);
  });

  it('has lines and bands, axes with units, a legend, and a title that is no markup', async () => {
    const svg = await drawChart(chart);
    expect(svg).toContain('stroke="#00805c" stroke-width="2"');
    expect(svg.match(/<polygon points="([^"]*)"/)![1]!.split(' ')).toHaveLength(8);
    for (const text of ['compute, FLOPs', 'loss, nats/token', 'fitted', 'held out', 'law', '95 %', '1e20']) {
      expect(svg).toContain(`>${text}<`);
    }
    expect(svg).toContain('Loss &amp; compute &lt;of runs&gt;');
  });

  it('gives the line of a law the color of the points it is for', async () => {
    const [x, y] = [
      [1, 2, 3],
      [1, 4, 9],
    ];
    const svg = await drawChart({
      ...chart,
      series: [
        { kind: 'points', name: 'run a', x, y },
        { kind: 'points', name: 'run b', x, y: [2, 3, 4] },
        { kind: 'line', name: 'run b: law', x, y: [2, 3, 4] },
      ],
    });
    expect(svg).toContain('stroke="#d55e00" stroke-width="1.5"');
    expect(svg).not.toContain('>run b: law<');
  });

  it('changes to light colors on a dark ground where its reader prefers that', async () => {
    const svg = await drawChart(chart);
    const used = new Set(
      [...svg.matchAll(/(?:fill|stroke)="(#[0-9a-f]{6})"(?! stroke-width="0")/g)].map(([, color]) => color!),
    );
    const [, dark = ''] = /@media \(prefers-color-scheme:dark\)\{(.*?\})\}/s.exec(svg)!;
    const changed = new Map(
      [...dark.matchAll(/\[fill="(#\w+)"\]\{fill:(#\w+)\}/g)].map(([, a, b]) => [a!, b!]),
    );
    expect(used.size).toBeGreaterThan(4);
    for (const color of used) expect(changed.has(color), color).toBe(true);
    // Contrast with the ground by WCAG 2.1, at least 3 for graphics.
    const luminance = (color: string) =>
      [1, 3, 5]
        .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index]!, 0);
    const contrast = (a: string, b: string) => {
      const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
      return (high + 0.05) / (low + 0.05);
    };
    for (const series of ['#005a9c', '#d55e00', '#00805c', '#1c2127', '#3f474f']) {
      expect(contrast(changed.get(series)!, changed.get('#ffffff')!), series).toBeGreaterThan(3);
    }
  });

  it('breaks its title and legend on a narrow screen', async () => {
    const long = 'Best learning rate and batch of each cell against the law of all of them';
    const svg = await drawChart({ ...chart, title: long }, { width: 360, height: 360 });
    expect(svg).not.toContain(long);
    const [first, second] = [...svg.matchAll(/>(Best [^<]*|[^<]*of them)</g)].map(([, words]) => words!);
    expect(`${first!.trim()} ${second}`).toBe(long);
  });

  it('has the size asked for, as points and twice as many pixels', async () => {
    const svg = await drawChart(chart, { width: 400, height: 300 });
    expect(svg).toMatch(/^<svg width="400" height="300"/);
    const png = Buffer.from(await rasterize(svg));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([800, 600]);
  });
});

describe('ticks', () => {
  const labels = (scale: 'linear' | 'log', ...values: number[]) => {
    const { ticks, label } = drawnScale(scale, values);
    return ticks.map(label);
  };

  it.each<[string, string[], string[]]>([
    ['a linear axis', labels('linear', 2.1, 3.4), ['2.2', '2.4', '2.6', '2.8', '3.0', '3.2', '3.4']],
    [
      'one through 0',
      labels('linear', -0.03, 0.03),
      ['-0.03', '-0.02', '-0.01', '0.00', '0.01', '0.02', '0.03'],
    ],
    ['few decades', labels('log', 1e6, 1e8), ['1M', '2M', '5M', '10M', '20M', '50M', '100M']],
    ['many decades', labels('log', 1e18, 1e23), ['1e18', '1e19', '1e20', '1e21', '1e22', '1e23']],
    ['less than a decade', labels('log', 2, 4), ['2', '2.5', '3', '3.5', '4']],
    ['one value', labels('linear', 3), ['2.6', '2.8', '3.0', '3.2', '3.4']],
    ['no value', labels('log'), []],
  ])('of %s are round', (_, found, expected) => {
    if (expected.length > 0) expect(found).toEqual(expected);
    else expect(found.length).toBeLessThan(12);
  });
});

it('writes names of runs as text, whatever markup or control characters they hold', async () => {
  const axis = { name: 'x', unit: '', scale: 'linear' } as const;
  const name = '</text><script>alert(1)</script>\u001b[31m\u0000';
  const points = { kind: 'points', x: [1, 2], y: [1, 2] } as const;
  const svg = await drawChart({
    ...{ title: name.slice(0, 30), x: axis, y: axis },
    series: [
      { ...points, name },
      { ...points, name: 'b' },
    ],
  });
  expect(svg).not.toContain('<script');
  expect(svg).toContain('&lt;script&gt;alert(1)');
  for (const control of ['\u001b', '\u0000']) expect(svg).not.toContain(control);
});
