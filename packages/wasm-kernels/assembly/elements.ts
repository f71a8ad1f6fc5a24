export { copyRows, firstOutside, gather } from './copy';
export { addition, erf, exp } from './elementary';
export { columnSum, rowMaximum } from './reduce';
export { fillZero, segmentSumFloat, segmentSumInteger } from './segment-sum';
