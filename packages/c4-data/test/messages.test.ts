import { expect, it, describe as suite } from 'vitest';
import { checkInteger, checkKeys, checkPaths, describe } from '../src/option-checks.ts';

suite('a value in a message', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  it.each<[unknown, string]>([
    [Number.NaN, 'NaN (number)'],
    [Number.POSITIVE_INFINITY, 'Infinity (number)'],
    [-0, '0 (number)'],
    [10n, '10 (bigint)'],
    [Symbol('x'), 'Symbol(x) (symbol)'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['a\u001b[31m', '"a\\u001b[31m" (string)'],
    [[1, 2], '[1,2] (array)'],
    [circle, '[object Object] (object)'],
    [{ toJSON: () => undefined }, '[object Object] (object)'],
    [function named() {}, 'named (function)'],
    [() => {}, 'anonymous (function)'],
    [true, 'true (boolean)'],
    ['x'.repeat(78), `"${'x'.repeat(78)}" (string)`],
    ['x'.repeat(79), `"${'x'.repeat(79)}… (string)`],
    [
      Array.from({ length: 2000 }, (_, index) => index),
      `${JSON.stringify(Array.from({ length: 2000 }, (_, index) => index)).slice(0, 80)}… (array)`,
    ],
  ])('is shown in one short line of printable characters: %#', (value, shown) => {
    expect(describe(value)).toBe(shown);
  });
});

suite('an option', () => {
  const errorOf = (check: () => void) => {
    try {
      check();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each<[unknown, string | undefined]>([
    [{}, undefined],
    [{ one: 1, three: undefined }, undefined],
    [null, 'open must be an object, got null'],
    [undefined, 'open must be an object, got undefined'],
    ['one', 'open must be an object, got "one" (string)'],
    [['one'], 'open must be an object, got ["one"] (array)'],
    [() => {}, 'open must be an object, got anonymous (function)'],
    [{ one: 1, tree: 3 }, 'open has no option "tree": did you mean "three"?'],
  ])('has a known name, in an object: %j', (value, message) => {
    expect(errorOf(() => checkKeys(value, ['one', 'three'], 'open'))).toEqual(
      message === undefined ? undefined : new TypeError(message),
    );
  });

  it.each<[unknown, boolean]>([
    [3, true],
    [2 ** 53 - 1, true],
    [2, false],
    [2 ** 53, false],
    [3.5, false],
    ['3', false],
    [3n, false],
    [null, false],
  ])('is an integer of at least as many as it needs: %s', (value, right) => {
    const wrong = new TypeError(`count must be an integer of 3 or more, got ${describe(value)}`);
    expect(errorOf(() => checkInteger(value, 'count', 3))).toEqual(right ? undefined : wrong);
  });

  it.each<[unknown, boolean]>([
    ['a', true],
    [['a'], true],
    [['a', 'b'], true],
    ['', false],
    [[], false],
    [['a', ''], false],
    [['a', 5], false],
    [5, false],
    [{}, false],
    [{ length: 1, every: () => true }, false],
    [undefined, false],
  ])('is a path or a list of them: %j', (value, right) => {
    const wrong = new TypeError(`paths must be a path or a list of paths, got ${describe(value)}`);
    expect(errorOf(() => checkPaths(value, 'paths'))).toEqual(right ? undefined : wrong);
  });
});
