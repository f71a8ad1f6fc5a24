import { show } from './option-checks.ts';

/**
 * State of one parameter: how many gradients it has received, and its slots as flat float32 arrays. Beside the rule's
 * slots there may be the engine's: `average`, and in the middle of an accumulation `accumulatedGradient`.
 */
export interface ParameterState {
  readonly step: number;
  readonly slots: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
  >;
}

/** Everything an optimizer needs to continue bit for bit, as plain data keyed by parameter name. */
export interface OptimizerState {
  readonly schemaVersion: 1;
  /** Name of the optimizer that wrote it, for instance `lion`. */
  readonly optimizer: string;
  /** Steps taken. */
  readonly step: number;
  /** Steps skipped because a gradient was not finite; 0 when left out. */
  readonly skippedSteps?: number;
  /** Micro-batches accumulated towards the next step; 0 when left out. */
  readonly microStep?: number;
  /** The numbers that parameter groups keep, in the order of the groups; for rules that keep any. */
  readonly groups?: readonly Readonly<Record<string, number>>[];
  readonly parameters: Readonly<Record<string, ParameterState>>;
}

/** The tfjs suffix of a second variable with the same name, as when a LayersModel is loaded beside its original. */
const uniqueSuffix = /_\d+$/;

/**
 * Finds saved state for a variable: by its exact name, else by the name without the number tfjs appends when a name
 * is taken, where that is not ambiguous.
 */
export function findParameterState(
  states: ReadonlyMap<string, ParameterState>,
  name: string,
): { readonly key: string; readonly state: ParameterState } | undefined {
  const exact = states.get(name);
  if (exact !== undefined) return { key: name, state: exact };
  const stem = name.replace(uniqueSuffix, '');
  const candidates = [...states].filter(([key]) => key.replace(uniqueSuffix, '') === stem);
  const [only] = candidates;
  return candidates.length === 1 && only !== undefined ? { key: only[0], state: only[1] } : undefined;
}

/** @throws Error if saved state is of another schema version, another optimizer, or another accumulation. */
export function checkState(state: OptimizerState, label: string, accumulationSteps: number): void {
  if (state.schemaVersion !== 1) {
    throw new Error(`optimizer state has schema version ${show(state.schemaVersion)}; this version reads 1`);
  }
  if (state.optimizer !== label) {
    throw new Error(`state of "${state.optimizer}" cannot be loaded into "${label}"`);
  }
  const { microStep = 0 } = state;
  if (microStep >= accumulationSteps) {
    throw new Error(
      `state of "${label}" stops after ${microStep} micro-batches of a step; it needs accumulationSteps above that, not ${accumulationSteps}`,
    );
  }
}
