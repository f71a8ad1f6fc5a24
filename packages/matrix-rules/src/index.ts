export {
  type AdamWStep,
  type AdamWUse,
  adamwHyperparameters,
  adamwSetting,
  adamwSlots,
  adamwUpdate,
  type EpsilonPlacement,
  takesAdamW,
} from './adamw.ts';
export { gramMatrix, reordering, rotation } from './axis-matrices.ts';
export { eigenbasis, fallingOrder, orthogonalBasis } from './eigenbases.ts';
export { gramDifference } from './gram-difference.ts';
export { inverseRoot } from './inverse-root.ts';
export { boundedGradient, largestMagnitude, withoutRounding } from './magnitudes.ts';
export { matrixProduct } from './matrix-product.ts';
export {
  jordanCoefficients,
  type NewtonSchulzOptions,
  newtonSchulz,
  type QuinticCoefficients,
} from './newton-schulz.ts';
export { gaussianNoise, type NoiseDraw, type NoiseSource, noiseSetting } from './noise.ts';
export { frobeniusNorm } from './norm.ts';
export { singularVectors } from './singular-vectors.ts';
export { identityMatrix, triangleProduct, triangularProduct, triangularSolution } from './triangular.ts';
export { type UpdateScale, updateScales } from './update-scale.ts';
