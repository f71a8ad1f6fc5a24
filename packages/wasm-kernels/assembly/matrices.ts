export { householderPanel, reflectorSigns } from './householder';
export { negate, normalizeMatrix, solveTriangle, symmetricBlock } from './square-matrices';
