import {
  defineUpdateRule,
  lerp,
  likeParameter,
  mul,
  type ParameterInfo,
  sub,
  transform,
} from '@steepest/optimizer';
import { newtonSchulz } from './newton-schulz.ts';

/**
 * What an orthogonalised update is multiplied by, for a matrix of r rows and c columns.
 *
 * - `rows`: `sqrt(max(1, r / c))`, for weights stored [outputs, inputs], as in PyTorch and `@steepest/lm-models`.
 * - `columns`: `sqrt(max(1, c / r))`, the same for weights stored [inputs, outputs], as those of `tf.layers.dense`.
 * - `rms`: `0.2 * sqrt(max(r, c))`, which moves the elements as far as AdamW does, so that its learning rate and decay
 *   serve here too (Liu et al. 2025, arXiv 2502.16982).
 */
export type UpdateScale = 'rows' | 'columns' | 'rms';

const scales: Readonly<Record<UpdateScale, (rows: number, columns: number) => number>> = {
  rows: (rows, columns) => Math.sqrt(Math.max(1, rows / columns)),
  columns: (rows, columns) => Math.sqrt(Math.max(1, columns / rows)),
  rms: (rows, columns) => 0.2 * Math.sqrt(Math.max(rows, columns)),
};

/** @throws Error if the parameter is neither a matrix nor a batch of matrices. */
function refuseOthers({ name, shape }: ParameterInfo): void {
  if (shape.length === 2 || shape.length === 3) return;
  throw new Error(
    `muon updates matrices, and batches of matrices with three axes; "${name}" has shape [${shape.join(', ')}]. ` +
      'Give it to another optimizer: ' +
      "combine([{ match: byRank(2, 3), optimizer: new Muon() }, { optimizer: new AdamW() }]) of '@steepest/param-groups'; " +
      "for layers of tf.layers, which store weights [inputs, outputs], new Muon({ updateScale: 'columns' })",
  );
}

/**
 * Muon: momentum whose matrix is orthogonalised before it moves the weights.
 * `m = momentum * m + (1 - momentum) * g`, `u = momentum * m + (1 - momentum) * g` with Nesterov's momentum and `m`
 * without, `p -= learningRate * scale * newtonSchulz(u)`.
 *
 * Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; in float32, where the authors' code rounds the
 * iteration to bfloat16.
 */
export const muonRule = defineUpdateRule({
  name: 'muon',
  title: 'Muon',
  paper: {
    authors: 'Jordan et al.',
    year: 2024,
    title: 'Muon: An optimizer for hidden layers in neural networks',
    source: 'https://kellerjordan.github.io/posts/muon',
  },
  hyperparameters: {
    learningRate: { default: 0.02, minimum: 0, description: 'Step size' },
    momentum: { default: 0.95, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  settings: {
    nesterov: {
      default: true,
      description: 'Look ahead: mix the gradient into the momentum once more',
      check: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
    },
    updateScale: {
      default: 'rows' as UpdateScale,
      description: 'Scale of the update by shape: rows, columns or rms',
      check: (value) =>
        Object.keys(scales).includes(value as string)
          ? undefined
          : `must be one of ${Object.keys(scales).join(', ')}`,
    },
  },
  slots({ parameter }) {
    refuseOthers(parameter);
    return { momentum: likeParameter };
  },
  update({ parameter, gradient, ...slots }, { learningRate, momentum: decay }, context) {
    const { settings } = context;
    const { shape } = context.parameter;
    const [rows, columns] = shape.slice(-2) as [number, number];
    const momentum = lerp(gradient, slots.momentum!, decay);
    const direction = settings.nesterov ? lerp(gradient, momentum, decay) : momentum;
    const orthogonal = transform(newtonSchulz(shape), [direction]);
    const stepSize = mul(learningRate, scales[settings.updateScale](rows, columns));
    return { parameter: sub(parameter, mul(stepSize, orthogonal)), momentum };
  },
});
