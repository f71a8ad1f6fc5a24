/** Numbers by name: parameters, or slots. */
export type NamedNumbers = Readonly<Record<string, ArrayLike<number>>>;

/** @throws Error with the message unless the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** A value as messages show it: JSON with sorted keys, and typed arrays as lists. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (ArrayBuffer.isView(part)) return [...(part as Float32Array)];
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/** @throws Error unless two plain values are equal in every part. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [shown(actual), shown(expected)];
  assert(got === wanted, `${what}: got ${got}, expected ${wanted}`);
}

function assertSameNames(actual: NamedNumbers, expected: NamedNumbers): void {
  assertEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), 'names');
  assert(Object.keys(expected).length > 0, 'nothing was compared');
}

/** @throws Error naming the first element of `actual` that is not exactly that of `expected`. */
export function assertSameBits(actual: NamedNumbers, expected: NamedNumbers, what: string): void {
  assertSameNames(actual, expected);
  for (const [name, numbers] of Object.entries(expected)) {
    assert(actual[name]!.length === numbers.length, `${what}: ${name} has another length`);
    for (let index = 0; index < numbers.length; index++) {
      const [got, wanted] = [actual[name]![index]!, numbers[index]!];
      if (Object.is(got, wanted)) continue;
      throw new Error(
        `${what}: ${name}[${index}] is ${got}, expected exactly ${wanted} (difference ${got - wanted})`,
      );
    }
  }
}

/** @throws Error if every number is the same, where something was to move: a comparison of what stood still proves nothing. */
export function assertMoved(actual: NamedNumbers, before: NamedNumbers, what: string): void {
  assertSameNames(actual, before);
  const moved = Object.entries(before).some(([name, numbers]) =>
    Array.from(numbers).some((x, index) => x !== actual[name]![index]),
  );
  assert(moved, `${what}: nothing moved`);
}

export interface Closeness {
  /** Largest difference allowed, relative to `scale`. */
  readonly tolerance: number;
  /** What differences of a tensor are relative to; its largest expected element by default. */
  readonly scale?: Readonly<Record<string, number>>;
  /** How many elements of all may differ by more: near-ties of a sign. 0 by default. */
  readonly mismatches?: number;
}

/** The largest magnitude among numbers, or 1 if all are zero. */
export function largest(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
}

/** @throws Error saying how many elements of `actual` are too far from `expected`, and which is furthest. */
export function assertClose(
  actual: NamedNumbers,
  expected: NamedNumbers,
  what: string,
  { tolerance, scale, mismatches = 0 }: Closeness,
): void {
  assertSameNames(actual, expected);
  let [count, furthest, worst] = [0, 0, ''];
  for (const [name, numbers] of Object.entries(expected)) {
    assert(actual[name]!.length === numbers.length, `${what}: ${name} has another length`);
    const unit = scale?.[name] ?? largest(numbers);
    for (let index = 0; index < numbers.length; index++) {
      const difference = Math.abs(actual[name]![index]! - numbers[index]!) / unit;
      if (difference <= tolerance) continue;
      count++;
      // A NaN compares false with everything: it is infinitely far.
      const distance = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      if (distance <= furthest) continue;
      furthest = distance;
      worst = `${name}[${index}] is ${actual[name]![index]}, expected ${numbers[index]}`;
    }
  }
  assert(
    count <= mismatches,
    `${what}: ${count} elements deviate by more than ${tolerance} (${mismatches} may); ` +
      `the worst by ${furthest.toExponential(2)}: ${worst}`,
  );
}

/** @throws Error unless `act` throws an error whose message contains `message`. */
export function assertThrows(act: () => unknown, message: string): void {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  assert(thrown !== undefined, `nothing was thrown, expected "${message}"`);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  assert(text.includes(message), `the error is "${text}", expected "${message}"`);
}
