import { expect, it } from 'vitest';
import * as scalingLaws from '../src/index.ts';
import * as forNode from '../src/node.ts';

it('exports exactly what users call', () => {
  expect(Object.keys(scalingLaws).sort()).toEqual([
    'Table',
    'bootstrap',
    'chinchillaLaw',
    'criticalBatch',
    'envelopeLaw',
    'estimateBatchTerm',
    'estimateModelTerm',
    'estimateStepTerm',
    'findPublishedLaw',
    'fitChinchilla',
    'fitEnvelope',
    'fitIsoflop',
    'fitLearningRateBatchSize',
    'fitLossSurface',
    'fitPowerLaw',
    'fitSu',
    'goodnessOf',
    'gridStarts',
    'identifiability',
    'isoflopLaw',
    'learningRateBatchSizeLaw',
    'leaveOneCellOut',
    'logHuberObjective',
    'lossContours',
    'minimize',
    'minimizeFromMany',
    'minimumLoss',
    'minimumSteps',
    'minimumTokens',
    'publishedLaws',
    'splitByCompute',
    'stepsToLoss',
    'suLaw',
    'surfaceExcess',
    'surfaceRegion',
    'tableFromCsv',
    'tokensToLoss',
    'trajectoryLoss',
  ]);
});

it('reads files behind an entry of its own, so that browsers can bundle the rest', () => {
  expect(Object.keys(forNode)).toEqual(['readTable']);
});
