import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { muonRule, type UpdateScale } from './muon-rule.ts';

/** Options of {@link Muon}. */
export type MuonOptions = OptimizerOptions<typeof muonRule>;

/** The Muon optimizer (Jordan et al. 2024), for matrices only. 4 bytes of state a parameter. */
export const Muon = optimizerClass(muonRule, 'SteepestMuon');
export type Muon = InstanceType<typeof Muon>;

export { muonRule, type UpdateScale };
