import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isKnownToPage } from '../src/engine/class-registry.ts';
import { optimizerClass, registeredOptimizers } from '../src/index.ts';
import { Descent, descentRule, Moments, momentsRule } from './test-rules.ts';

const page = globalThis as { tf?: unknown };
afterEach(() => {
  delete page.tf;
});

describe('an optimizer class', () => {
  it('is found by the name of its rule, the newest of a name', () => {
    expect(registeredOptimizers().get('moments')).toBe(Moments);
    const Older = optimizerClass({ ...descentRule, name: 'twice' }, 'SteepestTestOlder');
    expect(registeredOptimizers().get('twice')).toBe(Older);
    const Newer = optimizerClass({ ...descentRule, name: 'twice' }, 'SteepestTestNewer');
    expect(registeredOptimizers().get('twice')).toBe(Newer);
    expect(registeredOptimizers().get('descent')).toBe(Descent);
  });

  it('has its name, its rule, and what another class is made of', () => {
    expect([Moments.name, Moments.className, Moments.rule]).toEqual([
      'SteepestTestMoments',
      'SteepestTestMoments',
      momentsRule,
    ]);
    const optimizer = new Moments({ beta1: 0.5 });
    optimizer.beta2 = 0.75;
    expect(optimizer.getClassName()).toBe('SteepestTestMoments');
    expect(optimizer.member()).toEqual({ rule: momentsRule, options: { beta1: 0.5, beta2: 0.75 } });
  });

  it('copies the options that it is given', () => {
    const options = { learningRate: 0.25 };
    const optimizer = new Descent(options);
    options.learningRate = 7;
    expect(optimizer.getConfig()).toEqual({ learningRate: 0.25 });
    optimizer.learningRate = 0.5;
    expect(options.learningRate).toBe(7);
  });

  it('is made from a configuration without what tfjs-layers has left beside the options', () => {
    const config = { learningRate: 0.25, customObjects: { anything: 1 } };
    const optimizer = Descent.fromConfig(Descent as never, config as never) as unknown as InstanceType<
      typeof Descent
    >;
    expect(optimizer.getConfig()).toEqual({ learningRate: 0.25 });
    expect(() => new Descent(config as never)).toThrow('descent has no option "customObjects"');
  });
});

describe('a page’s own tfjs', () => {
  const make = (name: string) => optimizerClass({ ...descentRule, name }, `SteepestTest-${name}`);

  it('hears of classes that are made while it is there', () => {
    const registerClass = vi.fn();
    page.tf = { serialization: { registerClass } };
    const Known = make('known');
    expect(registerClass.mock.calls).toEqual([[Known]]);
    delete page.tf;
    const Unknown = make('unknown');
    expect([isKnownToPage(Known), isKnownToPage(Unknown)]).toEqual([true, false]);
  });

  it.each([{}, { serialization: {} }, { serialization: { registerClass: 'no' } }, null])(
    'is none in %j',
    (other) => {
      page.tf = other;
      expect(isKnownToPage(make('alone'))).toBe(false);
    },
  );

  it('is none where it is the very one that optimizers use', () => {
    page.tf = tf;
    expect(isKnownToPage(make('same'))).toBe(false);
  });
});

describe('minimize', () => {
  it('takes a step down a loss, of the variables that are listed, and gives the loss before it', async () => {
    const [a, b] = [3, 5].map((value) => tf.variable(tf.scalar(value))) as [tf.Variable, tf.Variable];
    const optimizer = new Descent({ learningRate: 0.25 });
    const loss = () => tf.add(tf.square(a), tf.square(b)) as tf.Scalar;
    const cost = optimizer.minimize(loss, true)!;
    // Gradients 2 a and 2 b.
    expect([cost.dataSync()[0], a.dataSync()[0], b.dataSync()[0]]).toEqual([34, 1.5, 2.5]);
    expect(optimizer.minimize(loss, false, [b])).toBeNull();
    expect([a.dataSync()[0], b.dataSync()[0], optimizer.iterations]).toEqual([1.5, 1.25, 2]);
    const { value, grads } = optimizer.computeGradients(loss, [a]);
    expect(Object.values(grads).map((gradient) => gradient.dataSync()[0])).toEqual([3]);
    tf.dispose([a, b, cost, value, grads]);
    optimizer.dispose();
  });
});

describe('a step without gradients', () => {
  it('counts, and says nothing of groups yet', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    // tfjs greets where it is used for the first time.
    const said = () => warn.mock.calls.map(String).filter((text) => text.startsWith('descent:'));
    const weight = tf.variable(tf.ones([1]), true, 'late');
    const optimizer = new Descent({ learningRate: 1, groups: [{ match: 'other' }] });
    optimizer.applyGradients({});
    expect([optimizer.iterations, said()]).toEqual([1, []]);
    tf.tidy(() => optimizer.applyGradients({ late: tf.ones([1]) }));
    expect(said()).toEqual([expect.stringContaining('is in descent groups[0]. Its parameters are "late".')]);
    warn.mockRestore();
    weight.dispose();
    optimizer.dispose();
  });

  it('keeps no state, and says so of any name', () => {
    const optimizer = new Descent();
    expect(() => optimizer.dropState('weight')).toThrow(new Error('descent keeps no state of "weight"'));
    expect(optimizer.stateBytes()).toBe(0);
  });
});
