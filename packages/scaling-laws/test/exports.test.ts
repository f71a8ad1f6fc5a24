import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as scalingLaws from '../src/index.ts';
import * as forNode from '../src/node.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(scalingLaws).sort()).toEqual([
    'Dual',
    'Table',
    'adaptiveShapesLaw',
    'annealingFrom',
    'annealingLaw',
    'bootstrap',
    'chinchillaLaw',
    'convergenceEscapeFrom',
    'convergenceEscapeLaw',
    'criticalBatch',
    'defineLaw',
    'divergenceScores',
    'envelopeLaw',
    'estimateBatchTerm',
    'estimateModelTerm',
    'estimateStepTerm',
    'findLaw',
    'findPublishedLaw',
    'fitPeakBaseline',
    'fitPowerLaw',
    'fitRateSumBaseline',
    'formulaLaw',
    'goodnessOf',
    'gridStarts',
    'identifiability',
    'isoflopLaw',
    'laws',
    'learningRateBatchSizeLaw',
    'leaveOneCellOut',
    'logHuberObjective',
    'minimize',
    'minimizeFromMany',
    'minimumLoss',
    'minimumSteps',
    'minimumTokens',
    'multiPowerFrom',
    'multiPowerLaw',
    'optimalTraversal',
    'power',
    'publishedLaws',
    'question',
    'rankSchedules',
    'restoreFit',
    'runColumns',
    'splitByCompute',
    'stepsToLoss',
    'suLaw',
    'suggestSchedule',
    'surfaceExcess',
    'surfaceRegion',
    'tableFromCsv',
    'tokensToLoss',
    'topHitRate',
    'trainingPlan',
    'trajectoryLoss',
  ]);
});

it.each([...Object.keys(scalingLaws), ...Object.keys(forNode)])('says in the README what %s is', (name) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toMatch(new RegExp(`\\b${name}\\b`));
});

it('reads files behind an entry of its own', () => {
  expect(Object.keys(forNode)).toEqual(['drawChart', 'readTable', 'saveFit']);
});

it('needs no module of Node otherwise, so that browsers can run it', () => {
  const seen = new Set<string>();
  const visit = (file: URL): string[] => {
    if (seen.has(file.href)) return [];
    seen.add(file.href);
    const imported = [...readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)].map(
      (match) => match[1]!,
    );
    return imported.flatMap((name) => (name.startsWith('.') ? visit(new URL(name, file)) : [name]));
  };
  const modules = visit(new URL('../src/index.ts', import.meta.url));
  expect(seen.size).toBeGreaterThan(20);
  expect(modules).toContain('papaparse');
  expect(modules.filter((name) => name.startsWith('node:'))).toEqual([]);
});
