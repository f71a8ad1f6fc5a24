import type { AxisOrder } from './axis-order.ts';
import type { PyTorchGroup } from './pytorch-groups.ts';

/** A variable, whose shape is then checked, or only its name. */
type Destination = string | { readonly name: string; readonly shape: readonly number[] };

/**
 * The variable that a parameter of PyTorch has become. `transpose` is for layers that keep their kernel with other
 * axes: it turns PyTorch's tensor into the variable's, as `tf.transpose` would (`true` reverses the axes).
 */
export type PyTorchTarget = Destination | { readonly variable: Destination; readonly transpose: AxisOrder };

/** By a parameter's name or its key in `state` (an index such as `'0'`); null leaves the parameter's state out. */
export type PyTorchParameters = Readonly<Record<string, PyTorchTarget | null>>;

/** Where the state of one parameter goes, with what is known about it. */
export interface ResolvedTarget {
  readonly variable: string;
  /** Of the variable, where the caller has told it. */
  readonly shape?: readonly number[];
  readonly transpose?: AxisOrder;
}

/** A parameter of the file. */
export interface ResolvedParameter {
  readonly key: string;
  /** As the messages call it: its name where the file has names, else its key. */
  readonly name: string;
  readonly group: PyTorchGroup;
  /** Absent when it is left out. */
  readonly target?: ResolvedTarget;
}

export function resolveTarget(target: PyTorchTarget): ResolvedTarget {
  // Variables have a name; they also have chained operations called `variable` and `transpose`.
  const moved = typeof target === 'object' && !('name' in target);
  const destination = moved ? target.variable : target;
  return {
    ...(typeof destination === 'string'
      ? { variable: destination }
      : { variable: destination.name, shape: destination.shape }),
    ...(moved ? { transpose: target.transpose } : {}),
  };
}

/**
 * Pairs the parameters of a file with the caller's variables.
 *
 * @throws Error naming a parameter that the file does not have, that is not mapped, or that shares its variable.
 */
export function resolveParameters(
  groups: readonly PyTorchGroup[],
  parameters: PyTorchParameters,
): ResolvedParameter[] {
  const inFile = groups.flatMap((group) =>
    group.params.map((key, index) => {
      const name = group.param_names?.[index] ?? String(key);
      return { key: String(key), name, group };
    }),
  );
  const known = new Set(inFile.flatMap(({ key, name }) => [key, name]));
  for (const key of Object.keys(parameters)) {
    if (known.has(key)) continue;
    throw new Error(
      `the file has no parameter "${key}"; it has ${listed(new Set(inFile.map(({ name }) => name)))}`,
    );
  }
  const owners = new Map<string, string>();
  return inFile.map((parameter) => {
    const { key, name } = parameter;
    const given = parameters[name] === undefined ? parameters[key] : parameters[name];
    if (given === undefined) {
      throw new Error(`parameter "${name}" is not mapped: give its variable, or null to leave it out`);
    }
    if (given === null) return parameter;
    const target = resolveTarget(given);
    const owner = owners.get(target.variable);
    if (owner !== undefined) {
      throw new Error(`parameters "${owner}" and "${name}" are both mapped to "${target.variable}"`);
    }
    owners.set(target.variable, name);
    return { ...parameter, target };
  });
}

function listed(names: ReadonlySet<string>): string {
  const all = [...names];
  return all.length > 12 ? `${all.slice(0, 12).join(', ')} and ${all.length - 12} more` : all.join(', ');
}
