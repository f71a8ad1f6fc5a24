import {
  engine,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Variable,
  variableGrads,
} from '@tensorflow/tfjs-core';

/** A loss and its gradients by variable name, which the caller disposes. */
export interface LossGradients {
  readonly value: Scalar;
  readonly grads: NamedTensorMap;
}

/** The part of a record of the tape of tfjs that is read here: an operation of the forward pass. */
interface TapeNode {
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Kept for the gradient, by this record alone. */
  readonly saved?: readonly Tensor[];
  /** Turns the gradients of the outputs into functions that compute those of the inputs, by name. */
  gradient?: (ofOutputs: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/**
 * The same as `tf.variableGrads`, to the bit, in less memory: what only the backward pass reads is freed as soon as it was read.
 * tfjs keeps the gradient of every intermediate result, and every saved one, until all gradients are there, which for a deep model is
 * two to three times as much.
 *
 * @param loss computes the loss from the variables
 * @param variables those to differentiate by; all trainable ones by default
 * @throws as `tf.variableGrads`
 */
export function variableGradients(loss: () => Scalar, variables?: readonly Variable[]): LossGradients {
  const freeing = (): Scalar => {
    const value = loss();
    const { activeTape, gradientDepth } = engine().state as unknown as {
      activeTape?: TapeNode[];
      gradientDepth: number;
    };
    // Gradients of gradients read the inner tape again.
    if (gradientDepth === 1 && Array.isArray(activeTape)) freeEarly(activeTape);
    return value;
  };
  return variableGrads(freeing, variables && [...variables]);
}

/** Makes every record of a tape free what is not read again after the one before it; the backward pass visits each once. */
function freeEarly(tape: readonly TapeNode[]): void {
  const returned = new Set<Tensor>();
  // One object may be the gradient of several tensors, or be saved and returned as it is: tfjs frees these in the end.
  const shared = new Set<Tensor>();
  // A tensor's first gradient is kept until its own record is visited; others are added to it.
  const haveGradients = new Set<Tensor>();
  let finished: Tensor[] = [];
  for (const node of tape) {
    const { gradient, inputs, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = (ofOutputs) => {
      for (const tensor of finished) if (!shared.has(tensor)) tensor.dispose();
      const read = new Set([...ofOutputs.filter((tensor) => tensor !== null), ...saved]);
      finished = [...read];
      const ofInputs = Object.entries(gradient(ofOutputs)).map(([name, compute]) => {
        const computed = (): Tensor => {
          const result = compute();
          if (returned.has(result) || read.has(result)) shared.add(result);
          returned.add(result);
          const input = inputs[name]!;
          if (haveGradients.has(input)) finished.push(result);
          haveGradients.add(input);
          return result;
        };
        return [name, computed] as const;
      });
      return Object.fromEntries(ofInputs);
    };
  }
}
