export { matrixProduct, scratchBytes } from './matrix-product';
export { fillZero, segmentSumFloat, segmentSumInteger } from './segment-sum';
