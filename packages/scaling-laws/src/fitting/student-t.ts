/**
 * Half-width of a confidence interval in standard errors: the t with P(|T| <= t) = confidence for Student's t distribution.
 *
 * @param degreesOfFreedom a whole number from 1
 */
export function studentT(confidence: number, degreesOfFreedom: number): number {
  let [low, high] = [0, Math.PI / 2];
  // Halving reaches the last bit of a float64 in 60 rounds.
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, degreesOfFreedom) < confidence) low = middle;
    else high = middle;
  }
  return Math.tan((low + high) / 2) * Math.sqrt(degreesOfFreedom);
}

/** P(|T| <= t) with angle = atan(t / sqrt(v)) (Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4). */
function shareWithin(angle: number, degreesOfFreedom: number): number {
  const cosine = Math.cos(angle);
  const odd = degreesOfFreedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = odd && degreesOfFreedom === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degreesOfFreedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine * cosine;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
