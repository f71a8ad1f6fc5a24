import { constant, cosine, join, piecewiseLinear, type Schedule } from '@steepest/lr-schedules';
import { AdamW } from '@steepest/optim-adam';
import { Sgd } from '@steepest/optim-sgd';
import { compileSelector, type ParameterInfo } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { layerWiseDecay } from '../src/index.ts';
import { modelParameters, train } from './training.ts';

const infos: ParameterInfo[] = modelParameters.map(({ name, shape, role }) => ({
  name,
  shape,
  role,
  size: 1,
}));
const base = { learningRate: 1, decay: 0.5, numberOfLayers: 2 };

describe('layer-wise decay', () => {
  it('halves the rate from layer to layer, with the head and the final norm at the full rate', () => {
    const groups = layerWiseDecay(base);
    const rates = infos.map(
      (info) => groups.find(({ match }) => compileSelector(match)(info))?.learningRate ?? 'full',
    );
    // By hand for two blocks and decay 1/2: embedding 1/8, block 0 1/4, block 1 1/2.
    expect(Object.fromEntries(infos.map(({ name }, index) => [name, rates[index]]))).toEqual({
      'embedding/weight': 1 / 8,
      'blocks/0/attention/weight': 1 / 4,
      'blocks/0/norm/scale': 1 / 4,
      'blocks/1/mlp/weight': 1 / 2,
      'finalNorm/scale': 'full',
      'head/weight': 'full',
    });
  });

  it('tells block 1 from block 11, and finds blocks under a prefix', () => {
    const groups = layerWiseDecay({ ...base, numberOfLayers: 12 });
    const depthOf = (name: string) =>
      groups.findIndex(({ match }) => compileSelector(match)({ name, shape: [1], size: 1 }));
    expect(depthOf('blocks/1/mlp/weight')).toBe(2);
    expect(depthOf('blocks/11/mlp/weight')).toBe(12);
    expect(depthOf('model/blocks/3/mlp/weight')).toBe(4);
    expect(depthOf('model/embedding/weight')).toBe(0);
  });

  it('moves a weight in proportion to its rate', async () => {
    const optimizer = new Sgd({ learningRate: 1, groups: layerWiseDecay(base) });
    const decayed = await train(optimizer, 1);
    const untouched = await train(new Sgd({ learningRate: 0 }), 1);
    const full = await train(new Sgd({ learningRate: 1 }), 1);
    const moved = (values: Record<string, Float32Array>, name: string) =>
      values[name]![0]! - untouched[name]![0]!;
    // Six digits: the difference of two float32 numbers near 1.
    expect(moved(decayed, 'embedding/weight')).toBeCloseTo(moved(full, 'embedding/weight') / 8, 6);
    expect(decayed['head/weight']).toEqual(full['head/weight']);
  });

  it('scales a schedule and its peak, and the result can be saved', async () => {
    const learningRate = join([
      { until: 5, schedule: cosine({ peak: 0.1, totalSteps: 5 }) },
      { schedule: constant(0.02) },
    ]);
    const groups = layerWiseDecay({ ...base, learningRate });
    const lowest = groups[0]!.learningRate as Schedule;
    expect(lowest.peak).toBeCloseTo(0.1 / 8, 15);
    for (const step of [1, 3, 5, 9]) expect(lowest(step)).toBeCloseTo(learningRate(step) / 8, 15);

    const make = () => new AdamW({ learningRate, groups });
    const config = JSON.parse(JSON.stringify(make().getConfig()));
    const loaded = AdamW.fromConfig(AdamW as never, config) as unknown as AdamW;
    expect(await train(loaded, 6)).toEqual(await train(make(), 6));
  });

  it('scales a drawn schedule, which can be saved as well, alone and in a join', () => {
    const drawn = piecewiseLinear({
      points: [
        [1, 0.1],
        [5, 0.2],
        [9, 0],
      ],
    });
    for (const learningRate of [drawn, join([{ until: 6, schedule: drawn }, { schedule: constant(0.02) }])]) {
      const lowest = layerWiseDecay({ ...base, learningRate })[0]!.learningRate as Schedule;
      expect(lowest.description.type).toBe(learningRate.description.type);
      expect(lowest.peak).toBeCloseTo(0.2 / 8, 15);
      for (const step of [1, 3, 5, 6, 7, 9]) expect(lowest(step)).toBeCloseTo(learningRate(step) / 8, 15);
    }
  });

  it('scales a function of one’s own, with its peak where it has one', () => {
    const own = Object.assign((step: number) => 1 / step, { peak: 1 });
    const [lowest] = layerWiseDecay({ ...base, learningRate: own });
    expect((lowest!.learningRate as typeof own).peak).toBe(1 / 8);
    expect((lowest!.learningRate as typeof own)(4)).toBe(1 / 32);
    const [bare] = layerWiseDecay({ ...base, learningRate: (step) => step });
    expect(bare!.learningRate).not.toHaveProperty('peak');
  });

  it('takes depths from a function for models with other names', () => {
    const groups = layerWiseDecay({
      ...base,
      depthOf: ({ name }) => (name.startsWith('h') ? Number(name.slice(1)) : undefined),
    });
    const rateOf = (name: string) =>
      groups.find(({ match }) => compileSelector(match)({ name, shape: [1], size: 1 }))?.learningRate;
    expect([rateOf('h0'), rateOf('h2'), rateOf('h3'), rateOf('out')]).toEqual([
      1 / 8,
      1 / 2,
      undefined,
      undefined,
    ]);
  });
});

describe('layer-wise decay refuses', () => {
  it.each([
    [{ decay: 0 }, 'layerWiseDecay: decay must be above 0 and at most 1, got 0'],
    [{ numberOfLayers: 0 }, 'layerWiseDecay: numberOfLayers must be a whole number of at least 1, got 0'],
    [
      { learningRate: -1 },
      'layerWiseDecay: learningRate must be a number of at least 0 or a schedule, got -1',
    ],
    [
      { layers: 3 },
      'layerWiseDecay has no option "layers"; known options: learningRate, decay, numberOfLayers, depthOf',
    ],
  ])('%o', (wrong, message) => {
    expect(() => layerWiseDecay({ ...base, ...wrong })).toThrow(message);
  });
});
