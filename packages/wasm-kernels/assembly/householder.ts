import { loadUpToFour, storeUpToFour, sumOfFour } from './lanes';
import { multiplyAdd } from './multiply-add';

/** The dot product of two vectors of `size` numbers. */
function dot(x: usize, y: usize, size: i32): f32 {
  let first = f32x4.splat(0);
  let second = first;
  let i = 0;
  for (; i <= size - 8; i += 8) {
    const at = <usize>i << 2;
    first = multiplyAdd(v128.load(x + at), v128.load(y + at), first);
    second = multiplyAdd(v128.load(x + at, 16), v128.load(y + at, 16), second);
  }
  for (; i < size; i += 4) {
    const at = <usize>i << 2;
    first = multiplyAdd(loadUpToFour(x + at, size - i, 0), loadUpToFour(y + at, size - i, 0), first);
  }
  return sumOfFour(f32x4.add(first, second));
}

/** y += factor x. */
function addMultiple(factor: f32, x: usize, y: usize, size: i32): void {
  const weight = f32x4.splat(factor);
  let i = 0;
  for (; i <= size - 4; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, multiplyAdd(weight, v128.load(x + at), v128.load(y + at)));
  }
  if (i < size) {
    const at = <usize>i << 2;
    const sum = multiplyAdd(weight, loadUpToFour(x + at, size - i, 0), loadUpToFour(y + at, size - i, 0));
    storeUpToFour(y + at, sum, size - i);
  }
}

/** The sum of squares in float64, in which no square of a float32 overflows or vanishes. */
export function sumOfSquares(x: usize, size: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  for (let i = 0; i < size; i += 4) {
    const four = loadUpToFour(x + (<usize>i << 2), size - i, 0);
    const first = f64x2.promote_low_f32x4(four);
    const second = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sums = f64x2.add(low, high);
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/**
 * Makes the reflectors of a panel of a QR decomposition, whose columns are the `count` rows at `panel`, `step` bytes
 * apart, from the element of the panel's first diagonal on: `size` numbers. Row k becomes the k-th reflector v, with |v|^2 = 2 and
 * zeros before element k, so that the reflection is I - v v^T; all of it zeros if none is needed. `weights` (count x
 * count) becomes N, for which the product of all reflections in their order is I + V N V^T (Schreiber and Van Loan 1989).
 */
export function householderPanel(panel: usize, step: usize, size: i32, count: i32, weights: usize): void {
  memory.fill(weights, 0, <usize>(count * count) << 2);
  for (let k = 0; k < count; k++) {
    const row = panel + <usize>k * step;
    const at = <usize>k << 2;
    const v = row + at;
    const length = size - k;
    const norm = Math.sqrt(sumOfSquares(v, length));
    if (norm > 0) {
      const first = <f64>load<f32>(v);
      // The sign that adds, so that nothing cancels.
      const opposite = first > 0 ? first + norm : first - norm;
      const scale = 1 / Math.sqrt(norm * (norm + Math.abs(first)));
      for (let i = 1; i < length; i++) {
        const element = v + (<usize>i << 2);
        store<f32>(element, <f32>(<f64>load<f32>(element) * scale));
      }
      store<f32>(v, <f32>(opposite * scale));
    }
    memory.fill(row, 0, at);
    for (let j = k + 1; j < count; j++) {
      const column = panel + <usize>j * step + at;
      addMultiple(-dot(v, column, length), v, column, length);
    }
    // Column k of N: -1 on the diagonal, and above it -N z with z the products of v and the reflectors before it.
    const z = weights + (<usize>(k * count) << 2);
    for (let i = 0; i < k; i++) store<f32>(z + (<usize>i << 2), dot(panel + <usize>i * step + at, v, length));
    for (let i = 0; i < k; i++) {
      let sum: f32 = 0;
      for (let j = i; j < k; j++) {
        sum += load<f32>(weights + (<usize>(i * count + j) << 2)) * load<f32>(z + (<usize>j << 2));
      }
      store<f32>(weights + (<usize>(i * count + k) << 2), -sum);
    }
    memory.fill(z, 0, <usize>k << 2);
    store<f32>(z + at, -1);
  }
}

/**
 * Where reflections begin that make the columns of Q: `target` (rows x size) is row by row the unit vector of element
 * `first` on, negative where the reflector sends what is positive to the negative side.
 */
export function reflectorSigns(
  reflectors: usize, target: usize, step: usize, first: i32, rows: i32, size: i32,
): void {
  for (let i = 0; i < rows; i++) {
    memory.fill(target, 0, <usize>size << 2);
    const diagonal = <usize>(first + i) << 2;
    store<f32>(target + diagonal, load<f32>(reflectors + diagonal) > 0 ? <f32>-1 : <f32>1);
    reflectors += step;
    target += step;
  }
}
