import { describe, expect, it } from 'vitest';
import { decodeConfig, encodeConfig } from '../src/index.ts';

/** Strings are held under the key `name`, the one that tfjs-layers leaves alone. */
describe('options are encoded', () => {
  it.each<[unknown, unknown]>([
    [0.5, 0.5],
    [true, true],
    [null, null],
    ['snake_case', { name: 'snake_case' }],
    [Infinity, { nonFinite: { name: 'Infinity' } }],
    [-Infinity, { nonFinite: { name: '-Infinity' } }],
    [Number.NaN, { nonFinite: { name: 'NaN' } }],
    [
      [1, 'a', [null]],
      [1, { name: 'a' }, [null]],
    ],
    [{ match: { name: 'a' } }, { match: { name: { name: 'a' } } }],
    [{ given: 1, left: undefined }, { given: 1 }],
    [
      Object.assign(() => 1, { description: { kind: 'constant', value: Infinity } }),
      { scheduleDescription: { kind: { name: 'constant' }, value: { nonFinite: { name: 'Infinity' } } } },
    ],
  ])('%j as %j', (value, encoded) => {
    expect(encodeConfig(value, 'rule')).toEqual(encoded);
  });

  it('as JSON keeps it, and come back', () => {
    const options = {
      list: ['a', 1, null, [true, { rank: [1, 2] }]],
      match: { name: 'a/*' },
      not: { name: ['a', 'b'] },
      limits: { largest: Infinity, least: -Infinity, none: Number.NaN },
      nothing: null,
      name: 'kept',
    };
    expect(decodeConfig(JSON.parse(JSON.stringify(encodeConfig(options, 'rule'))))).toEqual(options);
  });
});

describe('what no file can hold is refused with its place', () => {
  const plain = (): number => 1;
  const told = (description: unknown): object => Object.assign(() => 1, { description });

  it.each<[unknown, string]>([
    [
      { groups: [{ match: 'a' }, { match: plain }] },
      'rule.groups[1].match is a plain function, which cannot',
    ],
    [
      { learningRate: told({ parts: [plain] }) },
      'rule.learningRate.description.parts[0] is a plain function',
    ],
    [{ role: Symbol('a') }, 'rule.role cannot be saved: it is a symbol'],
    [{ size: 10n }, 'rule.size cannot be saved: it is a bigint'],
    [[undefined], 'rule[0] cannot be saved: it is a undefined'],
  ])('%o', (value, message) => {
    expect(() => encodeConfig(value, 'rule')).toThrow(message);
  });
});

describe('only the forms that encoding makes are taken for more than they are', () => {
  it.each<[unknown, unknown]>([
    [{ name: 3 }, { name: 3 }],
    [
      { name: { name: 'a' }, role: { name: 'b' } },
      { name: 'a', role: 'b' },
    ],
    [
      { nonFinite: { name: 'NaN' }, other: 1 },
      { nonFinite: 'NaN', other: 1 },
    ],
    [
      { scheduleDescription: 1, other: 2 },
      { scheduleDescription: 1, other: 2 },
    ],
    [{}, {}],
    ['text', 'text'],
    [undefined, undefined],
  ])('%j is %j', (encoded, value) => {
    expect(decodeConfig(encoded)).toEqual(value);
  });
});

it('a described schedule is revived by the function that the package of schedules leaves', () => {
  const key = Symbol.for('@steepest/lr-schedules');
  const registry = globalThis as Record<symbol, unknown>;
  const before = registry[key];
  registry[key] = (description: { rate: number }) => (step: number) => description.rate * step;
  try {
    const schedule = decodeConfig({ scheduleDescription: { rate: 0.5 } }) as (step: number) => number;
    expect(schedule(3)).toBe(1.5);
    registry[key] = 'no function';
    expect(() => decodeConfig({ scheduleDescription: {} })).toThrow(
      'the saved options hold a schedule: import @steepest/lr-schedules before loading them',
    );
  } finally {
    registry[key] = before;
  }
});
