import {
  engine,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  tidy,
  type Variable,
  variableGrads,
} from '@tensorflow/tfjs-core';
import type { GradientInput } from './gradients.ts';

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
 * @throws as `tf.variableGrads`, and what `loss` throws; no tensor that was made on the way is left behind then
 */
export function variableGradients(loss: () => Scalar, variables?: readonly Variable[]): LossGradients {
  const freeing = (): Scalar => {
    const value = loss();
    const { activeTape, gradientDepth } = tapeState();
    // Gradients of gradients read the inner tape again.
    if (gradientDepth === 1 && Array.isArray(activeTape)) freeEarly(activeTape);
    return value;
  };
  try {
    // Where the backward pass fails, the loss is already there.
    return tidy(() => ({ ...variableGrads(freeing, variables && [...variables]) }));
  } catch (error) {
    freeTape();
    throw error;
  }
}

/** Gradients by name, or one for each variable that was asked for, so that one asked for twice is noticed. */
export function requestedGradients(
  grads: NamedTensorMap,
  variables: readonly Variable[] | undefined,
): GradientInput {
  return variables?.map(({ name }) => ({ name, tensor: grads[name] })) ?? grads;
}

/** The part of the state of tfjs that is read and changed here. */
interface TapeState {
  activeTape?: TapeNode[] | null;
  readonly gradientDepth: number;
}

const tapeState = (): TapeState => engine().state as unknown as TapeState;

/** Frees what a forward pass kept for its gradients, which tfjs does at the end of a backward pass only. */
function freeTape(): void {
  const state = tapeState();
  // The tape of an outer gradient is not over.
  if (state.gradientDepth > 0) return;
  for (const { saved = [] } of state.activeTape ?? []) for (const tensor of saved) tensor.dispose();
  state.activeTape = null;
}

/**
 * Makes every record of a tape free what it has read and what it made on the way; the backward pass visits each once. tfjs calls the
 * method on a copy of the record whose inputs are those that lead to the variables.
 */
function freeEarly(tape: readonly TapeNode[]): void {
  // What is older than the backward pass belongs to someone else, such as a constant that a custom gradient returns.
  const firstId = (engine() as unknown as { nextTensorId(): number }).nextTensorId();
  const returned = new Set<Tensor>();
  // One object may be the gradient of several tensors, or be saved and returned as it is: tfjs frees these in the end.
  const shared = new Set<Tensor>();
  // A tensor's first gradient is kept until its own record is visited; tfjs adds others to it, and keeps them.
  const haveGradients = new Set<Tensor>();
  let added: Tensor[] = [];
  const free = (tensors: Iterable<Tensor>): void => {
    for (const tensor of tensors) {
      if (tensor.id > firstId && !tensor.kept && !shared.has(tensor)) tensor.dispose();
    }
  };
  for (const node of tape) {
    const { gradient, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = function (this: TapeNode, ofOutputs) {
      free(added);
      added = [];
      const read = new Set([...ofOutputs.filter((tensor) => tensor !== null), ...saved]);
      const results = tidy(() => {
        const computes = gradient(ofOutputs);
        const names = Object.keys(this.inputs).filter((name) => name in computes);
        return Object.fromEntries(names.map((name) => [name, computes[name]!()]));
      });
      for (const [name, result] of Object.entries(results)) {
        if (returned.has(result) || read.has(result)) shared.add(result);
        returned.add(result);
        const input = this.inputs[name]!;
        if (haveGradients.has(input)) added.push(result);
        haveGradients.add(input);
      }
      free(ofOutputs.filter((tensor) => tensor !== null));
      for (const tensor of saved) if (!shared.has(tensor)) tensor.dispose();
      return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, () => result]));
    };
  }
}
