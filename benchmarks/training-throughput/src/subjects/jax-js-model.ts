import { type Array as JaxArray, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { Task } from '../task.ts';

// jax-js frees an array when it is passed to a function: `.ref` keeps it for another use.

/** Weights, or averages of their gradients, by path. */
export type Weights = Record<string, JaxArray>;

/** The compiled training step, and the tables that it is given: of the rotary embedding and the causal mask. */
export function trainingStep(task: Task) {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = task;
  const lossAndGradient = valueAndGrad(lossOf(task));
  const step = jit(
    (
      weights: Weights,
      first: Weights,
      second: Weights,
      firstCorrection: JaxArray,
      secondCorrection: JaxArray,
      tokens: JaxArray,
      labels: JaxArray,
      cosine: JaxArray,
      sine: JaxArray,
      mask: JaxArray,
    ): [Weights, Weights, Weights, JaxArray] => {
      const [loss, gradients] = lossAndGradient(
        tree.ref(weights) as Weights,
        tokens,
        labels,
        cosine,
        sine,
        mask,
      );
      const next: [Weights, Weights, Weights] = [{}, {}, {}];
      for (const [path, gradient] of Object.entries(gradients as Weights)) {
        const mean = first[path]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
        const square = second[path]!.mul(beta2).add(np.square(gradient).mul(1 - beta2));
        const root = np.sqrt(square.ref.mul(secondCorrection.ref)).add(epsilon);
        const move = mean.ref.mul(firstCorrection.ref).div(root).mul(learningRate);
        next[0][path] = weights[path]!.mul(1 - learningRate * weightDecay).sub(move);
        next[1][path] = mean;
        next[2][path] = square;
      }
      firstCorrection.dispose();
      secondCorrection.dispose();
      return [...next, loss];
    },
  );
  return { step, tables: { ...rotaryTables(task), mask: causalMask(task.positions) } };
}

function lossOf({ width, layers, heads, vocabulary, sequences, positions, zLoss }: Task) {
  const rows = sequences * positions;
  const split = (x: JaxArray) => x.reshape([sequences, positions, heads, width / heads]);
  return (
    weights: Weights,
    tokens: JaxArray,
    labels: JaxArray,
    cosine: JaxArray,
    sine: JaxArray,
    mask: JaxArray,
  ) => {
    const weight = (path: string) => weights[`${path}/weight`]!;
    let x = np.take(weight('embedding'), tokens, 0);
    for (let block = 0; block < layers; block++) {
      const attention = `blocks/${block}/attention`;
      const mlp = `blocks/${block}/mlp`;
      const merged = linear(layerNorm(x.ref, weight(`${attention}/norm`)), weight(`${attention}/qkv`));
      const [queries, keys, values] = np.split(merged, 3, -1) as [JaxArray, JaxArray, JaxArray];
      const turn = (y: JaxArray, path: string) =>
        rotate(split(layerNorm(y, weight(`${attention}/${path}`))), cosine.ref, sine.ref);
      const mixed = causalAttention(turn(queries, 'qNorm'), turn(keys, 'kNorm'), split(values), mask.ref);
      x = x.add(linear(mixed.reshape([rows, width]), weight(`${attention}/out`)));
      const hidden = linear(layerNorm(x.ref, weight(`${mlp}/norm`)), weight(`${mlp}/up`));
      x = x.add(linear(nn.gelu(hidden, { approximate: false }), weight(`${mlp}/down`)));
    }
    cosine.dispose();
    sine.dispose();
    mask.dispose();
    const logits = linear(layerNorm(x, weight('norm')), weight('head'));
    const logSumExp = nn.logsumexp(logits.ref, -1);
    // Compiled into one pass with the sum; its takeAlongAxis cannot be compiled together with its gradient.
    const ofLabels = np.sum(logits.mul(nn.oneHot(labels, vocabulary)), -1);
    const crossEntropy = np.mean(logSumExp.ref.sub(ofLabels));
    return crossEntropy.add(np.mean(np.square(logSumExp)).mul(zLoss));
  };
}

function linear(x: JaxArray, weight: JaxArray): JaxArray {
  return np.matmul(x, np.transpose(weight));
}

// Its own dotProductAttention needs iterator helpers, which Node 20 lacks; this is as fast.
function causalAttention(queries: JaxArray, keys: JaxArray, values: JaxArray, mask: JaxArray): JaxArray {
  const scale = 1 / Math.sqrt(queries.shape[3]!);
  const query = np.transpose(queries, [0, 2, 1, 3]);
  const key = np.transpose(keys, [0, 2, 3, 1]);
  const scores = np.matmul(query, key).mul(scale).add(mask);
  const mixed = np.matmul(nn.softmax(scores, -1), np.transpose(values, [0, 2, 1, 3]));
  return np.transpose(mixed, [0, 2, 1, 3]);
}

function layerNorm(x: JaxArray, weight: JaxArray): JaxArray {
  const mean = np.mean(x.ref, -1, { keepdims: true });
  const centered = x.sub(mean);
  const variance = np.mean(np.square(centered.ref), -1, { keepdims: true });
  return centered.mul(np.reciprocal(np.sqrt(variance.add(1e-5)))).mul(weight);
}

function rotate(x: JaxArray, cosine: JaxArray, sine: JaxArray): JaxArray {
  const [a, b] = np.split(x, 2, -1) as [JaxArray, JaxArray];
  const first = a.ref.mul(cosine.ref).sub(b.ref.mul(sine.ref));
  return np.concatenate([first, b.mul(cosine).add(a.mul(sine))], -1);
}

function rotaryTables({ positions, width, heads }: Task) {
  const half = width / heads / 2;
  const table = (of: (angle: number) => number) =>
    np
      .array(
        Float32Array.from({ length: positions * half }, (_, i) =>
          of(Math.floor(i / half) * 10_000 ** (-(i % half) / half)),
        ),
      )
      .reshape([1, positions, 1, half]);
  return { cosine: table(Math.cos), sine: table(Math.sin) };
}

function causalMask(positions: number): JaxArray {
  const mask = Float32Array.from({ length: positions ** 2 }, (_, i) =>
    i % positions > Math.floor(i / positions) ? -1e9 : 0,
  );
  return np.array(mask).reshape([positions, positions]);
}
