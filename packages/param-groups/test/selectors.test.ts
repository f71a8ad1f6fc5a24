import { compileSelector, type ParameterInfo, type ParameterSelector } from '@steepest/optimizer';
import { describe, expect, it } from 'vitest';
import * as paramGroups from '../src/index.ts';
import { allOf, anyOf, byName, byRank, byRole, bySize, not, where } from '../src/index.ts';
import { modelParameters } from './training.ts';

const infos: ParameterInfo[] = modelParameters.map(({ name, shape, role }) => ({
  name,
  shape,
  role,
  size: shape.reduce<number>((product, length) => product * length, 1),
}));

function selected(selector: ParameterSelector): string[] {
  return infos.filter(compileSelector(selector)).map(({ name }) => name);
}

it('exports what users call and nothing else', () => {
  expect(Object.keys(paramGroups).sort()).toEqual([
    'CombinedOptimizer',
    'allOf',
    'anyOf',
    'byName',
    'byRank',
    'byRole',
    'bySize',
    'combine',
    'layerWiseDecay',
    'not',
    'where',
  ]);
});

describe('a selector', () => {
  it('byName takes globs on the path', () => {
    expect(selected(byName('blocks/*/norm/*', 'head/**'))).toEqual(['blocks/0/norm/scale', 'head/weight']);
  });
  it('byRole takes any of the roles', () => {
    expect(selected(byRole('embedding', 'lastLayer'))).toEqual(['embedding/weight', 'head/weight']);
  });
  it('byRank takes tensors of that many axes', () => {
    expect(selected(byRank(0, 1))).toEqual(['blocks/0/norm/scale', 'finalNorm/scale']);
  });
  it('bySize includes both bounds', () => {
    expect(selected(bySize({ minimum: 16, maximum: 24 }))).toEqual([
      'embedding/weight',
      'blocks/0/attention/weight',
      'head/weight',
    ]);
    expect(selected(bySize({ minimum: 25 }))).toEqual(['blocks/1/mlp/weight']);
  });
  it('anyOf, allOf and not are or, and, not', () => {
    expect(selected(anyOf(byRole('mlp'), 'head/*'))).toEqual(['blocks/1/mlp/weight', 'head/weight']);
    expect(selected(allOf(byRank(1), byName('blocks/**')))).toEqual(['blocks/0/norm/scale']);
    expect(selected(not(byRank(2)))).toEqual(['blocks/0/norm/scale', 'finalNorm/scale']);
  });
  it('where takes any predicate', () => {
    expect(selected(where(({ shape }) => shape[1] === 8))).toEqual(['blocks/1/mlp/weight']);
  });
  it('is plain data, but for where', () => {
    const selector = anyOf(byName('a'), allOf(byRank(1), bySize({ minimum: 2 })), not(byRole('norm')));
    expect(JSON.parse(JSON.stringify(selector))).toEqual(selector);
  });
});

describe('a selector refuses', () => {
  it('an empty list, which would match nothing or everything', () => {
    expect(() => byName()).toThrow('byName needs at least one argument');
    expect(() => allOf()).toThrow('allOf needs at least one argument');
  });
  it('sizes and ranks that cannot be', () => {
    expect(() => bySize({})).toThrow('bySize needs a minimum, a maximum or both, in elements');
    expect(() => bySize({ minimum: -1 })).toThrow(
      'bySize: minimum must be a number of elements of at least 0, got -1',
    );
    expect(() => bySize({ minimum: 3, maximum: 2 })).toThrow('bySize: minimum 3 is more than maximum 2');
    expect(() => byRank(1.5)).toThrow('byRank: a rank must be a whole number of at least 0, got 1.5');
  });
  it('a predicate that is no function', () => {
    expect(() => where('norm' as never)).toThrow('where needs a function, got string');
  });
});
