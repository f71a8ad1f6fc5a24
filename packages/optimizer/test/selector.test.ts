import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  compileSelector,
  describeParameter,
  type ParameterInfo,
  type ParameterSelector,
} from '../src/index.ts';

const of = (name: string, shape: readonly number[], role?: string): ParameterInfo => ({
  name,
  shape,
  size: tf.util.sizeFromShape([...shape]),
  ...(role === undefined ? {} : { role }),
});
const parameters = [
  of('blocks/0/attention/weight', [4, 3]),
  of('blocks/0/attention/bias', [4]),
  of('embedding', [20, 3], 'embedding'),
  of('head/bias', [], 'lastLayer'),
  of('norm.scale', [3], 'norm'),
];
const [weight, bias, embedding, head, norm] = parameters.map(({ name }) => name);

it.each<[ParameterSelector, (string | undefined)[]]>([
  ['embedding', [embedding]],
  ['*', [embedding, norm]],
  ['**/bias', [bias, head]],
  ['blocks/*/attention/{weight,bias}', [weight, bias]],
  ['{**/weight,**/bias}', [weight, bias, head]],
  ['{blocks/**,head/*}', [weight, bias, head]],
  [{ name: '*/bias' }, [head]],
  [{ name: ['head/*', 'norm*'] }, [head, norm]],
  [{ role: 'norm' }, [norm]],
  [{ role: ['lastLayer', 'embedding'] }, [embedding, head]],
  [{ rank: 1 }, [bias, norm]],
  [{ rank: 0 }, [head]],
  [{ rank: [0, 2] }, [weight, embedding, head]],
  // Sizes 12, 4, 60, 1 and 3; both limits are included.
  [{ minimumSize: 12 }, [weight, embedding]],
  [{ minimumSize: 13 }, [embedding]],
  [{ maximumSize: 3 }, [head, norm]],
  [{ maximumSize: 2 }, [head]],
  [{ minimumSize: 3, maximumSize: 12 }, [weight, bias, norm]],
  [{ anyOf: [{ rank: 0 }, 'norm.scale', ({ size }) => size === 60] }, [embedding, head, norm]],
  [{ allOf: [{ rank: 1 }, { maximumSize: 3 }] }, [norm]],
  [{ allOf: ['**/bias'], rank: 1 }, [bias]],
  [{ not: '**/bias' }, [weight, embedding, norm]],
  [{ not: { role: ['norm', 'embedding', 'lastLayer'] } }, [weight, bias]],
  [{ anyOf: [] }, []],
  [({ role }) => role !== undefined, [embedding, head, norm]],
])('%o selects %j', (selector, selected) => {
  expect(parameters.filter(compileSelector(selector)).map(({ name }) => name)).toEqual(selected);
});

describe('a selector is refused', () => {
  it.each<[unknown, string]>([
    [null, 'match must be a name glob, a pattern or a function, got null'],
    [['a'], 'match must be a name glob, a pattern or a function, got ["a"]'],
    [true, 'match must be a name glob, a pattern or a function, got true'],
    [{ rank: undefined }, 'match is an empty pattern: it would select nothing on purpose'],
    [{ anyOf: [{ size: 3 }] }, 'match has the unknown key "size"'],
    [{ allOf: [{}] }, 'match is an empty pattern'],
    [
      { not: { rank: '2' } },
      'match.rank must be a whole number of at least 0, or a list of them, got "2" (string)',
    ],
    [{ rank: [1, 0.5] }, 'match.rank must be a whole number of at least 0, or a list of them, got [1,0.5]'],
    [{ not: { role: 3 } }, 'match.role must be a string or a list of strings, got 3'],
    [{ minimumSize: '100' }, 'match.minimumSize must be a number of at least 0, got "100" (string)'],
    [{ not: { maximumSize: Number.NaN } }, 'match.maximumSize must be a number of at least 0, got NaN'],
    [{ anyOf: 'head/*' }, 'match.anyOf must be a list of selectors, got "head/*" (string)'],
    [{ not: 3 }, 'match must be a name glob, a pattern or a function, got 3'],
  ])('%o', (selector, message) => {
    expect(() => compileSelector(selector as ParameterSelector)).toThrow(message);
  });
});

it('a variable is described by its name, shape and size, and by a role that is text', () => {
  const variable = tf.variable(tf.zeros([2, 3]), true, 'described');
  const plain = { name: 'described', shape: [2, 3], size: 6 };
  expect(describeParameter(variable)).toStrictEqual(plain);
  expect(describeParameter(Object.assign(variable, { role: 7 }))).toStrictEqual(plain);
  expect(describeParameter(Object.assign(variable, { role: 'norm' }))).toStrictEqual({
    ...plain,
    role: 'norm',
  });
  variable.dispose();
});
