import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChart, rasterize } from '@steepest/charts';
import { RunError, replaceFile, sealJson } from '@steepest/run-files';
import type { LawChart, LawFit } from '../law/law.ts';
import { findLaw, restoreFit } from '../laws/all-laws.ts';
import { fitPage, type PageDrawing } from '../report/fit-page.ts';
import { readJson, withoutChecksum } from './read-text.ts';

/** Size of the charts that a page shows on a narrow screen, in points. */
const phone = { width: 360, height: 360 };

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
  await replaceFile(law, sealJson(JSON.parse(JSON.stringify(fit))));
  const names = chartNames(fit.charts);
  const drawings: PageDrawing[] = [];
  const charts: string[] = [];
  const warnings: string[] = [];
  for (const [index, chart] of fit.charts.entries()) {
    try {
      const svg = await drawChart(chart);
      drawings.push({ wide: svg, narrow: await drawChart(chart, phone) });
      charts.push(join(folder, `${names[index]}.svg`));
      await writeFile(charts.at(-1)!, svg);
    } catch (error) {
      await removeDrawings(folder, names);
      return { law, charts: [], warnings: [(error as Error).message] };
    }
  }
  for (const [index, { wide }] of drawings.entries()) {
    const file = join(folder, `${names[index]}.png`);
    try {
      if (warnings.length === 0) {
        await writeFile(file, await rasterize(wide));
        charts.push(file);
        continue;
      }
    } catch (error) {
      warnings.push((error as Error).message);
    }
    // One of an earlier fit would show another law than the SVG beside it.
    await rm(file, { force: true });
  }
  const report = join(folder, 'report.html');
  await writeFile(report, fitPage(findLaw(fit.law), fit, drawings));
  return { law, report, charts, warnings };
}

/** Those of an earlier fit would show another law than `law.json`. */
async function removeDrawings(folder: string, names: readonly string[]): Promise<void> {
  const files = names.flatMap((name) => [`${name}.svg`, `${name}.png`]);
  for (const file of [...files, 'report.html']) await rm(join(folder, file), { force: true });
}

/**
 * Reads a fit that {@link saveFit} wrote.
 *
 * @param path the folder, or its `law.json`
 * @throws Error naming the file when it is not there, holds no fit, or was changed since it was saved
 */
export async function readFit(path: string): Promise<LawFit> {
  const found = await stat(path).catch(() => undefined);
  const file = found?.isDirectory() ? join(path, 'law.json') : path;
  const json = await readJson(file);
  if (json === undefined) throw new Error(`${file}: there is no such file; saving a fit writes it`);
  try {
    return restoreFit(withoutChecksum(json, file));
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

/** `fit`, or `fit-best-learning-rate` where a fit has several charts of a kind. */
function chartNames(charts: readonly LawChart[]): string[] {
  return charts.map(({ kind, title }) => {
    if (charts.filter((other) => other.kind === kind).length === 1) return kind;
    const words = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return `${kind}-${words.replaceAll(/^-|-$/g, '')}`;
  });
}
