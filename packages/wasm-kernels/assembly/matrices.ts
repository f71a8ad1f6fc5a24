export { differenceBlock, divideByNorm, longestRow } from './gram-difference';
export { householderPanel, reflectorSigns } from './householder';
export { invertTriangle, negate, normalizeMatrix, symmetricBlock } from './square-matrices';
