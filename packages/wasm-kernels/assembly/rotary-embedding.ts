import { loadUpToFour, storeUpToFour } from './lanes';

/**
 * Turns the pairs (a, b), `half` apart in every head, of row r by the angles of position r mod `positions`:
 * a cos - direction b sin, b cos + direction a sin. Tables hold `width` numbers for each position.
 */
export function rotaryEmbedding(
  x: usize, cosine: usize, sine: usize, target: usize, rows: i32, positions: i32, width: i32, half: i32,
  direction: f32,
): void {
  const far = <usize>half << 2;
  const way = f32x4.splat(direction);
  for (let r = 0; r < rows; r++) {
    let at = <usize>(r % positions) * (<usize>width << 2);
    for (let head = 0; head < width; head += 2 * half) {
      for (let left = half; left > 0; left -= 4) {
        const a = loadUpToFour(x, left);
        const b = loadUpToFour(x + far, left);
        const cos = cosine + at;
        const sin = sine + at;
        const sineA = f32x4.mul(loadUpToFour(sin, left), way);
        const sineB = f32x4.mul(loadUpToFour(sin + far, left), way);
        storeUpToFour(target, f32x4.sub(f32x4.mul(a, loadUpToFour(cos, left)), f32x4.mul(b, sineA)), left);
        storeUpToFour(
          target + far, f32x4.add(f32x4.mul(b, loadUpToFour(cos + far, left)), f32x4.mul(a, sineB)), left,
        );
        const step = <usize>min(left, 4) << 2;
        x += step;
        target += step;
        at += step;
      }
      x += far;
      target += far;
      at += far;
    }
  }
}
