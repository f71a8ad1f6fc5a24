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
export { gramMatrix, reordering, rotation, withoutRounding } from './axis-matrices.ts';
export { eigenbasis, fallingOrder, orthogonalBasis } from './eigenbases.ts';
export {
  jordanCoefficients,
  type NewtonSchulzOptions,
  newtonSchulz,
  type QuinticCoefficients,
} from './newton-schulz.ts';
export { frobeniusNorm } from './norm.ts';
export { flag, oneOf, positiveInteger } from './settings.ts';
