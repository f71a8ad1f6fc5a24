import type { ParameterInfo } from '../parameter.ts';
import { add, type Expression, mul, type Shape, scalarSymbol, sub, tensorSymbol } from './expression.ts';
import type { RuleContext, SlotSpec, UpdateRule } from './update-rule.ts';

/** What the engine folds into a rule's own pass over memory. A feature that is off leaves no trace in the plan. */
export interface PlanFeatures {
  /** `shrink`: the parameter is multiplied by `1 - decay` first. `l2`: `decay * parameter` joins the gradient. */
  readonly decay: 'off' | 'shrink' | 'l2';
  /** The gradient is multiplied by the scalar tensor `gradientScale` (global-norm clipping). */
  readonly scaleGradient: boolean;
}

/** A rule traced for one parameter: what every interpreter and compiler takes. */
export interface UpdatePlan {
  /** New value of `parameter` and of each slot. */
  readonly outputs: Readonly<Record<string, Expression>>;
  /** Shape of `parameter`, `gradient` and each slot as the expressions see them. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly slots: Readonly<Record<string, SlotSpec>>;
}

function elements(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Traces a rule for one parameter.
 *
 * @throws Error if the rule's view has another number of elements, or its outputs are not exactly `parameter` and
 * its slots.
 */
export function planUpdate(
  rule: UpdateRule,
  context: RuleContext,
  features: PlanFeatures = { decay: 'off', scaleGradient: false },
): UpdatePlan {
  const { parameter: info } = context;
  const view = rule.view?.(context) ?? info.shape;
  if (elements(view) !== info.size) {
    throw new Error(`rule "${rule.name}" views ${info.name} [${info.shape}] as [${view}]: the sizes differ`);
  }
  const slots = rule.slots(context);
  const shapes: Record<string, Shape> = { parameter: view, gradient: view };
  for (const [name, slot] of Object.entries(slots))
    shapes[name] = slot.shape === 'parameter' ? view : slot.shape;

  const tensors: Record<string, Expression> = {};
  for (const [name, shape] of Object.entries(shapes)) tensors[name] = tensorSymbol(name, shape);
  const scalars = Object.fromEntries(
    [...Object.keys(rule.hyperparameters), 'step'].map((name) => [name, scalarSymbol(name)]),
  );

  let { parameter, gradient } = tensors as { parameter: Expression; gradient: Expression };
  if (features.scaleGradient) gradient = mul(gradient, tensorSymbol('gradientScale', []));
  if (features.decay === 'l2') gradient = add(gradient, mul(scalarSymbol('decay'), parameter));
  if (features.decay === 'shrink') parameter = mul(parameter, sub(1, scalarSymbol('decay')));

  const outputs = rule.update({ ...tensors, parameter, gradient }, scalars, context);
  checkOutputs(rule, info, outputs, slots);
  return { outputs, shapes, slots };
}

function checkOutputs(
  rule: UpdateRule,
  info: ParameterInfo,
  outputs: Readonly<Record<string, Expression>>,
  slots: Readonly<Record<string, SlotSpec>>,
): void {
  const expected = ['parameter', ...Object.keys(slots)].sort().join(', ');
  const actual = Object.keys(outputs).sort().join(', ');
  if (expected !== actual) {
    throw new Error(`rule "${rule.name}" must return {${expected}} for ${info.name}, got {${actual}}`);
  }
}
