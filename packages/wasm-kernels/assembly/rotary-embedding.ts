/**
 * Turns the pairs (a, b), `half` apart in every head, of row r by the angles of position `start + r` mod `positions`:
 * a cos - direction b sin, b cos + direction a sin; direction is 1 or -1. Tables hold `width` numbers for each position.
 */
export function rotaryEmbedding(
  x: usize, cosine: usize, sine: usize, target: usize, rows: i32, positions: i32, width: i32, half: i32,
  direction: f32, start: i32,
): void {
  const far = <usize>half << 2;
  // Flips the sign of a sine where the turn is backwards.
  const flip = direction < 0 ? f32x4.splat(-0.0) : f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    let at = <usize>((start + r) % positions) * (<usize>width << 2);
    for (let head = 0; head < width; head += 2 * half) {
      let left = half;
      for (; left >= 4; left -= 4) {
        const cos = cosine + at;
        const sin = sine + at;
        const a = v128.load(x);
        const b = v128.load(x + far);
        const turnedA = f32x4.mul(b, v128.xor(v128.load(sin), flip));
        const turnedB = f32x4.mul(a, v128.xor(v128.load(sin + far), flip));
        v128.store(target, f32x4.sub(f32x4.mul(a, v128.load(cos)), turnedA));
        v128.store(target + far, f32x4.add(f32x4.mul(b, v128.load(cos + far)), turnedB));
        x += 16;
        target += 16;
        at += 16;
      }
      for (; left > 0; left--) {
        const a = load<f32>(x);
        const b = load<f32>(x + far);
        const sinA = load<f32>(sine + at) * direction;
        const sinB = load<f32>(sine + at + far) * direction;
        store<f32>(target, a * load<f32>(cosine + at) - b * sinA);
        store<f32>(target + far, b * load<f32>(cosine + at + far) + a * sinB);
        x += 4;
        target += 4;
        at += 4;
      }
      x += far;
      target += far;
      at += far;
    }
  }
}
