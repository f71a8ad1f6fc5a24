/** FLOPs of training on one token for each parameter: two forward, four backward (Kaplan et al. 2020, arXiv 2001.08361). */
export const flopsPerParameterToken = 6;

/** Training compute of a run in FLOPs: as measured, or else 6 N D. */
export function trainingFlops(run: {
  readonly parameters: number;
  readonly tokens: number;
  readonly flops?: number | undefined;
}): number {
  return run.flops ?? flopsPerParameterToken * run.parameters * run.tokens;
}
