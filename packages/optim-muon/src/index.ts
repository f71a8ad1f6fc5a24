import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { muonRule, type UpdateScale } from './muon-rule.ts';
import type { MuonOptions } from './options.ts';

const MuonClass = optimizerClass(muonRule, 'SteepestMuon');

/** The Muon optimizer (Jordan et al. 2024), for matrices only. 4 bytes of state a parameter. */
export const Muon: DocumentedClass<typeof MuonClass, MuonOptions> = MuonClass;
export type Muon = InstanceType<typeof Muon>;

export type { MuonOptions };
export { muonRule, type UpdateScale };
