/**
 * Whether what counts of a hyperparameter is its distance from 1, as of the betas and momenta, whose memory is as long as 1 over that.
 * @param key Key of a trial's settings, such as `beta1` or `members.0.momentum`
 */
export function isMeasuredFromOne(key: string): boolean {
  return /(beta\d*|momentum|rho)$/i.test(key);
}
