import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { layerMetrics } from '../src/layer-metrics.ts';
import { freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer, tinyRate } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

function tensor(role: string | undefined, gradientNorm: number, updateNorm: number, parameterNorm: number) {
  return {
    name: `${role}${gradientNorm}`,
    group: 'tiny',
    ...(role === undefined ? {} : { role }),
    gradientNorm,
    updateNorm,
    parameterNorm,
  };
}

describe('norms by role', () => {
  it('are those of all tensors of the role together, with the spread of |update| / |gradient| among them', () => {
    const parameters = [tensor('mlp', 3, 6, 30), tensor('mlp', 4, 0.8, 40), tensor('norm', 1, 1, 4)];
    const { mlp, norm } = layerMetrics({ step: 1, parameters, groups: [] });
    expect(mlp).toEqual({
      gradientNorm: 5,
      updateNorm: Math.sqrt(36 + 0.8 ** 2),
      parameterNorm: 50,
      updateToWeight: Math.sqrt(36 + 0.8 ** 2) / 50,
      effectiveRateSpread: 10,
    });
    expect(norm).toMatchObject({ effectiveRateSpread: 1, updateToWeight: 0.25 });
  });

  it('leave tensors without a gradient out of the spread, and write null for what is no number', () => {
    const parameters = [tensor('mlp', 0, 1, 2), tensor('mlp', 1, 1, 2), tensor(undefined, 0, 0, 0)];
    const { mlp, other } = layerMetrics({ step: 1, parameters, groups: [] });
    expect(mlp!.effectiveRateSpread).toBe(1);
    expect(other).toMatchObject({ updateToWeight: null, effectiveRateSpread: null });
  });
});

it('norms of a role that are no finite number are null', () => {
  const parameters = [tensor('mlp', Infinity, Number.NaN, 2), tensor('mlp', 1, 1, Infinity)];
  expect(layerMetrics({ step: 1, parameters, groups: [] }).mlp).toEqual({
    gradientNorm: null,
    updateNorm: null,
    parameterNorm: null,
    updateToWeight: null,
    effectiveRateSpread: null,
  });
});

describe('a run that records layers', () => {
  it('has them on its training lines, and the very losses of one that does not', async () => {
    const [plain, recorded] = [await freshFolder(), await freshFolder()];
    await trainTiny(plain);
    const model = new TinyModel();
    const [embedding, head] = model.variables;
    Object.assign(embedding!, { role: 'embedding' });
    Object.assign(head!, { role: 'lastLayer' });
    const optimizer = new TinyOptimizer({ learningRate: tinyRate, recordMetrics: true });
    await trainTiny(recorded, { model, optimizer, record: 'layers' });
    const headNorm = tf.norm(head!).dataSync()[0]!;
    model.dispose();
    optimizer.dispose();
    const trained = (await metricsOf(recorded)).flatMap((line) => (line.kind === 'train' ? [line] : []));
    expect(trained.map(({ layers }) => Object.keys(layers!))).toEqual(
      trained.map(() => ['embedding', 'lastLayer']),
    );
    expect(trained.at(-1)!.layers!.lastLayer!.parameterNorm).toBeCloseTo(headNorm, 5);
    const withoutLayers = (await untimedMetrics(recorded)).map((line) => ({
      ...(line as object),
      layers: undefined,
    }));
    expect(withoutLayers).toEqual(
      (await untimedMetrics(plain)).map((line) => ({ ...(line as object), layers: undefined })),
    );
    expect((await metricsOf(plain)).every((line) => !('layers' in line))).toBe(true);
  });

  it('with an optimizer that does not measure fails and says what it needs', async () => {
    await expect(trainTiny(await freshFolder(), { record: 'layers' })).rejects.toThrow(
      'record "layers" needs an optimizer with recordMetrics: true',
    );
  });
});
