export { matrixProduct, scratchBytes } from './matrix-product';
