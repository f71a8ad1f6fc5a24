/** State of one parameter: how many gradients it has received, and its slots as flat float32 arrays. */
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
