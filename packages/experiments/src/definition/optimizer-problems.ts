import { modelConfig, type ParameterDescription, parameterDescriptions } from '@steepest/lm-models';
import { compileSelector, type ParameterInfo } from '@steepest/optimizer';
import { listOptimizers, optimizerByName } from '@steepest/registry';
import type { GroupSettings, Match } from './optimizer-entries.ts';
import type { MemberRecipe } from './recipe.ts';
import type { TrialConfig } from './trials.ts';

/** Something wrong with a trial that no key shows alone. */
export interface TrialProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type TrialOptimizer = Pick<TrialConfig, 'optimizer' | 'recipe' | 'model' | 'budget'>;

/**
 * What would keep a trial's optimizer from training every parameter of its model, or a group or member from training any: a
 * parameter that an algorithm refuses, one that no member takes, and a match that selects nothing.
 */
export function optimizerProblem({
  optimizer,
  recipe,
  model,
  budget,
}: TrialOptimizer): TrialProblem | undefined {
  const path = ['optimizers', optimizer];
  let parameters: ParameterInfo[];
  try {
    const { contextLength } = budget;
    parameters = parameterDescriptions(modelConfig({ ...given(model), contextLength, seed: 0 })).map(infoOf);
  } catch (error) {
    return { path: ['model'], message: (error as Error).message };
  }
  let left = parameters;
  for (const [index, member] of recipe.members.entries()) {
    const memberPath = recipe.members.length === 1 ? path : [...path, 'members', index];
    const taken = member.match === undefined ? left : left.filter(selectorOf(member.match));
    const problem =
      matchProblem([...memberPath, 'match'], member.match, left, parameters) ??
      leftNothing(memberPath, taken) ??
      groupsProblem(memberPath, member.groups, taken) ??
      refusedProblem(memberPath, optimizer, recipe.members.length, member, taken);
    if (problem !== undefined) return problem;
    left = left.filter((parameter) => !taken.includes(parameter));
  }
  if (left.length === 0) return undefined;
  const message = `leaves ${listed(left)} to no member; give the last member no match, so that it takes what the others leave`;
  return { path: [...path, 'members'], message };
}

/** Whether every role and name of a match selects something, and what is left of it by those before. */
function matchProblem(
  path: readonly PropertyKey[],
  match: Match | undefined,
  left: readonly ParameterInfo[],
  all: readonly ParameterInfo[],
): TrialProblem | undefined {
  if (match === undefined) return undefined;
  for (const key of ['role', 'name'] as const) {
    for (const one of [match[key] ?? []].flat()) {
      const selects = selectorOf({ [key]: one } as Match);
      if (left.some(selects)) continue;
      const message = all.some(selects)
        ? `${key} ${JSON.stringify(one)} selects only parameters that those before it take`
        : `${key} ${JSON.stringify(one)} selects no parameter of this model, which has ${known(key, all)}`;
      return { path, message };
    }
  }
  return left.some(selectorOf(match))
    ? undefined
    : { path, message: 'selects no parameter: none has both this role and this name' };
}

function known(key: 'role' | 'name', all: readonly ParameterInfo[]): string {
  if (key === 'role') return `the roles ${[...new Set(all.map(({ role }) => role))].join(', ')}`;
  const names = new Set(all.map(({ name }) => name.replace(/^blocks\/\d+\//, 'blocks/*/')));
  return `the names ${[...names].join(', ')}`;
}

function leftNothing(
  path: readonly PropertyKey[],
  taken: readonly ParameterInfo[],
): TrialProblem | undefined {
  return taken.length > 0
    ? undefined
    : { path, message: 'takes no parameter: those before it take every one of the model' };
}

function groupsProblem(
  path: readonly PropertyKey[],
  groups: readonly GroupSettings[] = [],
  taken: readonly ParameterInfo[],
): TrialProblem | undefined {
  let left = taken;
  for (const [index, { match }] of groups.entries()) {
    const problem = matchProblem([...path, 'groups', index, 'match'], match, left, taken);
    if (problem !== undefined) return problem;
    const selects = selectorOf(match);
    left = left.filter((parameter) => !selects(parameter));
  }
  return undefined;
}

/** The parameters that an algorithm refuses, and the hybrid to write instead. */
function refusedProblem(
  path: readonly PropertyKey[],
  entry: string,
  members: number,
  { optimizer, options, groups = [] }: MemberRecipe,
  taken: readonly ParameterInfo[],
): TrialProblem | undefined {
  const { rule } = optimizerByName(optimizer);
  const usual = Object.entries(rule.settings ?? {}).map(([key, spec]) => [key, spec.default] as const);
  const accepts = (parameter: ParameterInfo) => {
    const { match: _, ...own } = groups.find(({ match }) => selectorOf(match)(parameter)) ?? { match: {} };
    const settings: Record<string, unknown> = { ...Object.fromEntries(usual), ...options, ...own };
    try {
      rule.slots({
        parameter,
        settings,
        constant: (name: string) => (typeof settings[name] === 'number' ? settings[name] : undefined),
      });
      return true;
    } catch {
      return false;
    }
  };
  const refused = taken.filter((parameter) => !accepts(parameter));
  if (refused.length === 0) return undefined;
  const refusedRoles = new Set(refused.map(({ role }) => role));
  const cannot = `${rule.title} cannot train ${listed(refused)}`;
  if (members > 1) {
    const message = `${cannot}: give ${[...refusedRoles].join(', ')} to another member by its match`;
    return { path, message };
  }
  const hidden = ['attention', 'mlp'].filter((role) => !refusedRoles.has(role));
  const rate = options.learningRate;
  const second = listOptimizers().includes('adamw') ? 'adamw' : 'adam';
  const message = [
    `${cannot}. Train them with a second optimizer, here the embedding and the head too:`,
    `  ${entry}:`,
    `    learningRate: ${rate}`,
    '    members:',
    `      - { optimizer: ${optimizer}, match: { role: [${hidden.join(', ')}] } }`,
    `      - { optimizer: ${second}, learningRate: 1e-3 }`,
  ].join('\n');
  return { path, message };
}

function listed(parameters: readonly ParameterInfo[]): string {
  const { name, shape } = parameters[0]!;
  const first = `"${name}" of shape [${shape.join(', ')}]`;
  return parameters.length === 1 ? first : `${parameters.length} of the model's parameters, such as ${first}`;
}

function selectorOf(match: Match): (parameter: ParameterInfo) => boolean {
  return compileSelector(given(match));
}

function infoOf({ path, role, shape }: ParameterDescription): ParameterInfo {
  return { name: path, role, shape, size: shape.reduce((product, length) => product * length, 1) };
}

/** The same object as one whose absent keys are absent for the type checker too. */
function given<T extends object>(settings: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return settings as { [K in keyof T]: Exclude<T[K], undefined> };
}
