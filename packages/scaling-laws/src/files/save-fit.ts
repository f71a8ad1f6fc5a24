import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChart } from '../charts/draw-chart.ts';
import { rasterize } from '../charts/rasterize.ts';
import type { LawChart, LawFit } from '../law/law.ts';
import { findLaw } from '../laws/all-laws.ts';
import { fitPage } from '../report/fit-page.ts';

/** What {@link saveFit} wrote: paths of files. */
export interface SavedFit {
  /** The fit, for `restoreFit`. */
  readonly law: string;
  /** The page with everything; left out where no charts could be drawn. */
  readonly report?: string | undefined;
  /** SVG images, and PNG images of them. */
  readonly charts: readonly string[];
  /** Why there are no charts, or no PNG images of them. */
  readonly warnings: readonly string[];
}

/**
 * Writes a fit into a folder: `law.json`, every chart as SVG and PNG, and `report.html`. Charts need the package `echarts`, PNG
 * images `@resvg/resvg-js`; without them the rest is written.
 */
export async function saveFit(folder: string, fit: LawFit): Promise<SavedFit> {
  await mkdir(folder, { recursive: true });
  const law = join(folder, 'law.json');
  await writeFile(law, `${JSON.stringify(fit)}\n`);
  const names = chartNames(fit.charts);
  const drawings: string[] = [];
  const charts: string[] = [];
  const warnings: string[] = [];
  for (const [index, chart] of fit.charts.entries()) {
    try {
      const svg = await drawChart(chart);
      drawings.push(svg);
      charts.push(join(folder, `${names[index]}.svg`));
      await writeFile(charts.at(-1)!, svg);
    } catch (error) {
      return { law, charts, warnings: [(error as Error).message] };
    }
  }
  for (const [index, svg] of drawings.entries()) {
    try {
      const png = await rasterize(svg);
      charts.push(join(folder, `${names[index]}.png`));
      await writeFile(charts.at(-1)!, png);
    } catch (error) {
      warnings.push((error as Error).message);
      break;
    }
  }
  const report = join(folder, 'report.html');
  await writeFile(report, fitPage(findLaw(fit.law), fit, drawings));
  return { law, report, charts, warnings };
}

/** `fit`, or `fit-best-learning-rate` where a fit has several charts of a kind. */
function chartNames(charts: readonly LawChart[]): string[] {
  return charts.map(({ kind, title }) => {
    if (charts.filter((other) => other.kind === kind).length === 1) return kind;
    const words = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return `${kind}-${words.replaceAll(/^-|-$/g, '')}`;
  });
}
