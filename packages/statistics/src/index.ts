export { holm, type MeanTest, pairedDifferences, pairedTest } from './mean-tests.ts';
export { intervalReach, mean, standardDeviation, standardError } from './means.ts';
export { median, quantile } from './quantiles.ts';
export { studentT, twoSidedProbability } from './student-t.ts';
