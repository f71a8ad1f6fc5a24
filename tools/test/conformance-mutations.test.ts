import { Adam } from '@steepest/optim-adam';
import { type CheckKind, checkKinds } from '@steepest/optimizer-testing';
import { afterAll, describe, expect, it } from 'vitest';
import { engineMutations } from './mutations/engine-mutations.ts';
import { judge } from './mutations/mutation.ts';
import { optionMutations } from './mutations/option-mutations.ts';
import { ruleMutations } from './mutations/rule-mutations.ts';
import { stateMutations } from './mutations/state-mutations.ts';

/** Whether `npm run test:thorough` asks for all that takes long. */
const isThorough = process.env.STEEPEST_THOROUGH === '1';
const mutations = [...ruleMutations, ...stateMutations, ...optionMutations, ...engineMutations];

describe('the conformance suite', () => {
  it('passes for Adam as it is', async () => {
    expect((await judge(Adam)).failures).toEqual({});
  });

  const rows: string[] = [];
  afterAll(() => {
    console.log(`mutation | checks that failed\n${rows.join('\n')}`);
  });

  // That the other kinds do not notice costs as much as all of the rest, and is of use only to whoever changes the suite.
  it.each(mutations)('fails for an Adam that $name', async ({ name, make, breaks }) => {
    const { failures } = await judge(make(), isThorough ? checkKinds : breaks);
    const kinds = Object.entries(failures).map(([kind, names]) => `${kind} (${names.length})`);
    rows.push(`${name} | ${kinds.join(', ')}`);
    expect(Object.keys(failures)).toEqual(breaks);
  });

  it('has a mutation for every kind of check', () => {
    const broken = new Set<CheckKind>(mutations.flatMap(({ breaks }) => breaks));
    expect([...checkKinds].filter((kind) => !broken.has(kind))).toEqual([]);
  });
});
