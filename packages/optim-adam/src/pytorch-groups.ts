import type { OptimizerOptions } from '@steepest/optimizer';
import type { adamRule } from './adam-rule.ts';

type AdamOptions = OptimizerOptions<typeof adamRule>;

/** One entry of `param_groups` in a PyTorch `state_dict`, as JSON keeps it. */
export interface PyTorchGroup {
  /** Keys of the parameters in `state`: indices, or names where a trainer has put those. */
  readonly params: readonly (number | string)[];
  /** Names in the same order, where the optimizer was made with `model.named_parameters()`. */
  readonly param_names?: readonly string[];
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly amsgrad?: boolean;
  readonly maximize?: boolean;
  /** `false` for `torch.optim.Adam`; older releases do not say. */
  readonly decoupled_weight_decay?: boolean;
}

/** @throws Error when the text is missing or is not the `param_groups` of Adam. */
export function parseGroups(json: string | undefined): readonly PyTorchGroup[] {
  if (json === undefined) {
    throw new Error(
      'not the optimizer of PyTorch: the metadata has no param_groups; save it as the README of @steepest/optim-adam says',
    );
  }
  const groups: unknown = JSON.parse(json);
  if (!Array.isArray(groups) || groups.length === 0) {
    throw new Error(`param_groups in the metadata must be a list of groups, got ${json.slice(0, 80)}`);
  }
  for (const [index, group] of groups.entries()) checkGroup(`param_groups[${index}]`, group ?? {});
  return groups as PyTorchGroup[];
}

function checkGroup(where: string, group: Partial<PyTorchGroup>): void {
  const { params, param_names: names, betas } = group;
  if (!Array.isArray(params)) throw new Error(`${where} has no list params`);
  if (names !== undefined && names.length !== params.length) {
    throw new Error(`${where} has ${params.length} params, but ${names.length} param_names`);
  }
  if (!Array.isArray(betas) || !betas.every((beta) => typeof beta === 'number')) {
    throw new Error(
      `${where} has no betas: it is not of Adam or AdamW, but has ${Object.keys(group).join(', ')}`,
    );
  }
  for (const key of ['lr', 'eps', 'weight_decay'] as const) {
    if (typeof group[key] !== 'number') {
      throw new Error(`${where}: ${key} must be a number, got ${JSON.stringify(group[key])}`);
    }
  }
}

function optionsOf(group: PyTorchGroup): AdamOptions {
  return {
    learningRate: group.lr,
    beta1: group.betas[0],
    beta2: group.betas[1],
    epsilon: group.eps,
    amsgrad: group.amsgrad ?? false,
    weightDecay: group.weight_decay,
    weightDecayMode: group.decoupled_weight_decay === false ? 'l2' : 'decoupled',
  };
}

/** A glob that matches this very name. */
const literal = (name: string): string => name.replace(/[\\*?[\]{}()!+@|^$]/g, '\\$&');

/**
 * The hyperparameters as options of `AdamW`: the first group's are the base, and every other group is one of
 * `groups` with what it has different.
 *
 * @param variablesOf Names of the variables that a group's parameters have become.
 * @throws Error if only some groups are maximized.
 */
export function optionsOfGroups(
  groups: readonly PyTorchGroup[],
  variablesOf: (group: PyTorchGroup) => readonly string[],
): AdamOptions {
  const [first, ...others] = groups as readonly [PyTorchGroup, ...PyTorchGroup[]];
  const maximize = first.maximize ?? false;
  if (others.some((group) => (group.maximize ?? false) !== maximize)) {
    throw new Error('param_groups: maximize must be the same in every group here');
  }
  const base = optionsOf(first);
  const overrides = others.flatMap((group) => {
    const names = variablesOf(group).map(literal);
    const own = Object.entries(optionsOf(group)).filter(
      ([key, value]) => value !== base[key as keyof AdamOptions],
    );
    return names.length === 0 || own.length === 0
      ? []
      : [{ match: { name: names }, ...Object.fromEntries(own) }];
  });
  return {
    ...base,
    ...(maximize ? { maximize } : {}),
    ...(overrides.length > 0 ? { groups: overrides } : {}),
  };
}
