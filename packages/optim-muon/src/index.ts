import type { UpdateScale } from '@steepest/matrix-rules';
import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { muonRule, type Normalization } from './muon-rule.ts';
import type { MuonOptions } from './options.ts';

const MuonClass = optimizerClass(muonRule, 'SteepestMuon');

/**
 * The Muon optimizer (Jordan et al. 2024) and its variants, for matrices, with AdamW for the rest where `adamw` says so.
 * 4 bytes of state per parameter of a matrix, 8 under AdamW.
 */
export const Muon: DocumentedClass<typeof MuonClass, MuonOptions> = MuonClass;
export type Muon = InstanceType<typeof Muon>;

export type { Coefficients } from './orthogonalization.ts';
export { muonVariants } from './variants.ts';
export type { MuonOptions, Normalization };
export { muonRule, type UpdateScale };
