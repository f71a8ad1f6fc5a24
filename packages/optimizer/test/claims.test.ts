import { describe, expect, it } from 'vitest';
import { SavedStates, type StateSource } from '../src/engine/saved-states.ts';

/** State that is told apart by its step count. */
const state = (step: number, ...slots: string[]) => ({
  step,
  slots: Object.fromEntries(slots.map((slot) => [slot, { shape: [1], data: Float32Array.of(step) }])),
});
function savedStates(
  names: readonly string[],
  source: StateSource = 'names',
  atLoad: readonly string[] = [],
): SavedStates {
  const states = new Map(names.map((name, index) => [name, state(index + 1)]));
  return new SavedStates(states, source, new Set(atLoad));
}

/** Which saved name each new variable claims, beside those that exist and come in the same call. */
function claimed(
  saved: SavedStates,
  names: readonly string[],
  { beside = [], exist = [] }: { beside?: readonly string[]; exist?: readonly string[] } = {},
): Record<string, string> {
  const claims = saved.claimsOf(names, new Set([...names, ...beside]), (name) => exist.includes(name));
  return Object.fromEntries([...claims].map(([name, { savedAs }]) => [name, savedAs]));
}
type Slots = Parameters<SavedStates['take']>[2];
const noSlots = { added: [], unused: [], converted: [] } as Slots;
const take = (saved: SavedStates, variable: string, savedAs: string, slots: Partial<Slots> = {}): void =>
  saved.take(variable, { savedAs, state: state(1) }, { ...noSlots, ...slots });

describe('a variable claims state', () => {
  it('of its very name, with that state', () => {
    const saved = savedStates(['a', 'b']);
    expect(claimed(saved, ['b', 'c'])).toEqual({ b: 'b' });
    expect(saved.claimsOf(['b'], new Set(['b']), () => false).get('b')!.state).toEqual(state(2));
  });

  it.each([
    ['d/kernel', 'd/kernel_1'],
    ['d/kernel_1', 'd/kernel'],
    ['d/kernel_3', 'd/kernel_1'],
  ])('saved as %s under the name %s, where nothing else comes into question', (savedAs, name) => {
    expect(claimed(savedStates([savedAs]), [name])).toEqual({ [name]: savedAs });
    // The first one still exists beside the copy of its model, and is not trained here.
    expect(claimed(savedStates([savedAs]), [name], { exist: [savedAs] })).toEqual({ [name]: savedAs });
  });

  it('of no other variable’s very name: one that comes along with it, or exists where names are in use', () => {
    expect(claimed(savedStates(['d/kernel']), ['d/kernel_1'], { beside: ['d/kernel'] })).toEqual({});
    const other = savedStates(['d/kernel', 'e/kernel']);
    expect(claimed(other, ['d/kernel_1', 'e/kernel'], { exist: ['d/kernel'] })).toEqual({
      'e/kernel': 'e/kernel',
    });
    expect(claimed(other, ['d/kernel_1', 'e/kernel'])).toEqual({
      'e/kernel': 'e/kernel',
      'd/kernel_1': 'd/kernel',
    });
  });

  it('knows that names are in use by what was claimed before', () => {
    const exact = savedStates(['d/kernel', 'e/kernel']);
    take(exact, 'e/kernel', 'e/kernel');
    expect(claimed(exact, ['d/kernel_1'], { exist: ['d/kernel'] })).toEqual({});
    const suffixed = savedStates(['d/kernel', 'e/kernel']);
    take(suffixed, 'e/kernel_1', 'e/kernel');
    expect(claimed(suffixed, ['d/kernel_1'], { exist: ['d/kernel'] })).toEqual({ 'd/kernel_1': 'd/kernel' });
  });

  it('of neither of two saved names, and neither of two variables takes one', () => {
    expect(claimed(savedStates(['d/kernel', 'd/kernel_1']), ['d/kernel_2'])).toEqual({});
    expect(claimed(savedStates(['d/kernel']), ['d/kernel_1', 'd/kernel_2'])).toEqual({});
    expect(
      claimed(savedStates(['d/kernel', 'e/kernel']), ['d/kernel_1', 'd/kernel_2', 'e/kernel_1']),
    ).toEqual({
      'e/kernel_1': 'e/kernel',
    });
  });

  it('that was taken or dropped no more, and none under a name that was loaded itself', () => {
    const taken = savedStates(['d/kernel']);
    take(taken, 'd/kernel_1', 'd/kernel');
    expect(claimed(taken, ['d/kernel_2'])).toEqual({});
    const dropped = savedStates(['d/kernel', 'd/kernel_1']);
    expect(dropped.drop('d/kernel_1')).toBe(true);
    expect(claimed(dropped, ['d/kernel_1'])).toEqual({});
  });

  it('of a model’s file only if it may be of that model', () => {
    // The model was there when its state was loaded: what was made later is not of it.
    const there = savedStates(['d/kernel', 'e/kernel'], 'layers model', ['d/kernel_1', 'e/kernel_1']);
    expect(claimed(there, ['d/kernel_1', 'e/kernel_2'])).toEqual({ 'd/kernel_1': 'd/kernel' });
    // Also beside the model that was saved.
    expect(claimed(there, ['d/kernel_1'], { exist: ['d/kernel'], beside: ['e/kernel'] })).toEqual({
      'd/kernel_1': 'd/kernel',
    });
    // It was not there, or only others were.
    expect(claimed(savedStates(['d/kernel'], 'layers model'), ['d/kernel_1'])).toEqual({
      'd/kernel_1': 'd/kernel',
    });
    const others = savedStates(['d/kernel'], 'layers model', ['other/kernel', 'd/bias']);
    expect(claimed(others, ['d/kernel_1'])).toEqual({ 'd/kernel_1': 'd/kernel' });
    const suffixed = savedStates(['d/kernel_1'], 'layers model', ['d/kernel']);
    expect(claimed(suffixed, ['d/kernel_2'])).toEqual({});
    expect(claimed(suffixed, ['d/kernel'])).toEqual({ 'd/kernel': 'd/kernel_1' });
    // A user's names are another matter.
    expect(claimed(savedStates(['d/kernel'], 'names', ['d/kernel']), ['d/kernel_1'])).toEqual({
      'd/kernel_1': 'd/kernel',
    });
  });
});

describe('the owners of a saved name', () => {
  const candidates = ['d/kernel', 'd/kernel_1', 'd/kernel_2', 'e/kernel'];

  it('are of that very name where a user gave it', () => {
    expect(savedStates(['d/kernel']).ownersOf('d/kernel', candidates)).toEqual(['d/kernel']);
    expect(savedStates(['d/kernel']).ownersOf('d/kernel', candidates.slice(1))).toEqual([]);
  });

  it('may be all that tfjs has made unique, where it is from a model’s file', () => {
    expect(savedStates(['d/kernel'], 'layers model').ownersOf('d/kernel', candidates)).toEqual(
      candidates.slice(0, 3),
    );
    expect(savedStates(['d/kernel', 'd/kernel_2'], 'layers model').ownersOf('d/kernel', candidates)).toEqual([
      'd/kernel',
      'd/kernel_1',
    ]);
    const there = savedStates(['d/kernel'], 'layers model', ['d/kernel', 'd/kernel_2']);
    expect(there.ownersOf('d/kernel', candidates)).toEqual(['d/kernel', 'd/kernel_2']);
  });
});

describe('saved states', () => {
  it('know who took one under another name', () => {
    const saved = savedStates(['d/kernel', 'a']);
    take(saved, 'a', 'a');
    take(saved, 'd/kernel_1', 'd/kernel');
    expect([saved.takenBy('d/kernel'), saved.takenBy('a'), saved.takenBy('d/kernel_1')]).toEqual([
      'd/kernel_1',
      undefined,
      undefined,
    ]);
    expect([saved.drop('d/kernel'), saved.drop('d/kernel'), saved.drop('b')]).toEqual([true, false, false]);
    expect(saved.takenBy('d/kernel')).toBeUndefined();
  });

  it('drop one slot of what waits, and keep the rest', () => {
    const states = new Map([
      ['a', state(1, 'waiting', 'momentum')],
      ['b', state(2, 'momentum')],
    ]);
    const saved = new SavedStates(states);
    saved.dropSlot('waiting');
    expect([...saved.unclaimed]).toEqual([
      ['a', state(1, 'momentum')],
      ['b', state(2, 'momentum')],
    ]);
    expect(states.get('a')).toEqual(state(1, 'waiting', 'momentum'));
  });

  it('are reported in the order of names, with slots that came and went', () => {
    const saved = savedStates(['c', 'a', 'd', 'b', 'e']);
    take(saved, 'c', 'c', { added: ['x'] });
    take(saved, 'a', 'a', { unused: ['y', 'z'] });
    for (const name of ['w', 'v']) saved.startFresh(name);
    expect(saved.report((name) => name === 'd' || name === 'b')).toMatchObject({
      claimed: [
        { variable: 'a', savedAs: 'a' },
        { variable: 'c', savedAs: 'c' },
      ],
      missing: ['v', 'w'],
      waiting: ['b', 'd'],
      leftOver: ['e'],
      newSlots: { c: ['x'] },
      unusedSlots: { a: ['y', 'z'] },
    });
  });

  it('of which none were loaded miss nothing, and have nothing to say', () => {
    const none = new SavedStates();
    none.startFresh('a');
    expect(none.report(() => true)).toMatchObject({
      claimed: [],
      missing: [],
      waiting: [],
      leftOver: [],
      newSlots: {},
      unusedSlots: {},
    });
    expect(none.firstStepWarning('mine')).toBeUndefined();
  });

  it('say once that no name has met, at the first step', () => {
    const saved = savedStates(['weight']);
    // No variable has come yet.
    expect(saved.firstStepWarning('mine')).toBeUndefined();
    saved.startFresh('wight');
    expect(saved.firstStepWarning('mine')).toBe(
      'mine: none of the variables of this step has a name in the loaded state, so all of them start fresh. The state has "weight" ' +
        '(nearest to "wight": "weight"); the step has "wight". stateReport() lists all of them.',
    );
    expect(saved.firstStepWarning('mine')).toBeUndefined();
  });

  it('say nothing where one has met, nor later', () => {
    const saved = savedStates(['a', 'b']);
    take(saved, 'a', 'a');
    saved.startFresh('c');
    expect(saved.firstStepWarning('mine')).toBeUndefined();
    expect(saved.drop('a')).toBe(false);
    saved.startFresh('d');
    expect(saved.firstStepWarning('mine')).toBeUndefined();
  });
});
