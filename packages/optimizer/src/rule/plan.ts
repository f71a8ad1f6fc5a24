import type { ParameterInfo } from '../parameter.ts';
import type { PackedFormat } from '../state-formats/packed-slot.ts';
import { type CautiousScale, cautious } from './caution.ts';
import {
  add,
  div,
  type Expression,
  lerp,
  maximum,
  minimum,
  mul,
  neg,
  OperandError,
  type Shape,
  scalarSymbol,
  sub,
  sum,
  tensorSymbol,
} from './expression.ts';
import { filtered, isFilterSlot, type TracedFilter } from './gradient-filter.ts';
import { withLazyRows } from './lazy-rows.ts';
import { nearestName } from './nearest-name.ts';
import { nonNegativeSlots } from './signs.ts';
import { defaultStateMinimumSize, packedSlots, type StateFormats } from './state-format.ts';
import { likeParameter, type RuleContext, type SlotSpec, type UpdateRule } from './update-rule.ts';

/** What the engine folds into a rule's own pass over memory. A feature that is off leaves no trace in the plan. */
export interface PlanFeatures extends Partial<TracedFilter> {
  /** `shrink`: the parameter is multiplied by `1 - decay` first. `l2`: `decay * parameter` joins the gradient. */
  readonly decay?: 'off' | 'shrink' | 'l2';
  /** The gradient is a sum, and is divided by the scalar `gradientCount`. */
  readonly accumulates?: boolean;
  /** The gradient is negated. */
  readonly maximize?: boolean;
  /** Every element of the gradient is brought into ±`clipValue`, a scalar. */
  readonly clipValue?: boolean;
  /** The gradient is multiplied by the scalar tensor `gradientScale` (global-norm clipping). */
  readonly scaleGradient?: boolean;
  /** The update is kept only where it goes against the gradient. */
  readonly cautious?: CautiousScale;
  /** Rows of the parameter that have no gradient keep their value and their state. */
  readonly lazyRows?: boolean;
  /** A slot `average` follows the parameter: `averageDecay * average + (1 - averageDecay) * parameter`. */
  readonly average?: boolean;
  /** The numbers and totals of `groupState` are tensors of the shape `[]`, since JavaScript does not know their values. */
  readonly numbersAreTensors?: boolean;
  /** Slots are kept in this format, of parameters of at least `stateMinimumSize` elements. */
  readonly stateFormat?: StateFormats;
  readonly stateMinimumSize?: number;
}

/** A rule traced for one parameter: what every interpreter and compiler takes. */
export interface UpdatePlan {
  /** New value of `parameter` and of each slot; of a refresh, of the slots that it renews. */
  readonly outputs: Readonly<Record<string, Expression>>;
  /** Shape of `parameter`, `gradient` and each slot as the expressions see them. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly slots: Readonly<Record<string, SlotSpec>>;
  /** The slots that are packed: read as the numbers that they hold, and rounded when all outputs have been computed. */
  readonly formats?: Readonly<Record<string, PackedFormat>>;
}

/** Whether a plan is for a parameter without elements, in which no step changes anything, its state included. */
export function isEmptyPlan({ shapes }: UpdatePlan): boolean {
  return shapes.parameter?.includes(0) ?? false;
}

/** Whether an output is the input of its name as it is: a packed slot is not rounded anew then. */
export function isPassedOn({ outputs }: UpdatePlan, name: string): boolean {
  const output = outputs[name]!;
  return output.kind === 'tensor' && output.name === name;
}

/** What a plan for a parameter without elements gives: its inputs. */
export function withoutChange<Value>(
  { outputs }: UpdatePlan,
  inputs: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.keys(outputs).map((name) => [name, inputs[name]!]));
}

function elements(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The symbols of a rule for one parameter. */
interface Symbols {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly slots: Readonly<Record<string, SlotSpec>>;
  readonly tensors: Readonly<Record<string, Expression>> & {
    readonly parameter: Expression;
    readonly gradient: Expression;
  };
  readonly scalars: Readonly<Record<string, Expression>> & {
    readonly step: Expression;
    readonly iteration: Expression;
    readonly decay: Expression;
    readonly l2Decay: Expression;
    readonly weightDecay: Expression;
  };
}

/** @throws Error if the rule's view has another number of elements. */
function symbolsOf(
  rule: UpdateRule,
  context: RuleContext,
  ownDecay: 'shrink' | 'l2' | 'off',
  numbers: Readonly<Record<string, Expression>> = numberSymbols(rule, { areTensors: false }),
): Symbols {
  const { parameter: info } = context;
  const view = rule.view?.(context) ?? info.shape;
  if (elements(view) !== info.size) {
    throw new Error(`rule "${rule.name}" views ${info.name} [${info.shape}] as [${view}]: the sizes differ`);
  }
  const slots = rule.slots(context);
  const shapes: Record<string, Shape> = { parameter: view, gradient: view };
  for (const [name, slot] of Object.entries(slots))
    shapes[name] = slot.shape === 'parameter' ? view : slot.shape;
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, tensorSymbol(name, shape)]),
  );
  const names = [...Object.keys(rule.hyperparameters), 'step', 'iteration'];
  const scalars: Record<string, Expression> = Object.fromEntries(
    names.map((name) => [name, scalarSymbol(name)]),
  );
  Object.assign(scalars, numbers);
  const zero: Expression = { kind: 'constant', value: 0, shape: null };
  scalars.decay = ownDecay === 'shrink' ? scalarSymbol('decay') : zero;
  if (rule.ownsL2Decay === true) scalars.weightDecay = scalarSymbol('weightDecay');
  scalars.l2Decay = ownDecay === 'l2' ? scalarSymbol('decay') : zero;
  return { shapes, slots, tensors, scalars } as unknown as Symbols;
}

/** The gradient before L2 decay: mean of the micro-batches, turned, clipped. */
function clippedGradient({ tensors }: Symbols, features: PlanFeatures): Expression {
  const { accumulates = false, maximize = false, clipValue = false, scaleGradient = false } = features;
  let { gradient } = tensors;
  if (accumulates) gradient = div(gradient, scalarSymbol('gradientCount'));
  if (maximize) gradient = neg(gradient);
  if (clipValue) {
    const limit = scalarSymbol('clipValue');
    gradient = minimum(maximum(gradient, neg(limit)), limit);
  }
  if (scaleGradient) gradient = mul(gradient, tensorSymbol('gradientScale', []));
  return gradient;
}

/** The gradient as the rule sees it, and what a filter of gradients keeps. */
function preparedGradient(
  symbols: Symbols,
  features: PlanFeatures,
): { gradient: Expression; filter: Readonly<Record<string, Expression>> } {
  const { filterWindow, filterWaits = true, decay } = features;
  let gradient = clippedGradient(symbols, features);
  let filter: Readonly<Record<string, Expression>> = {};
  if (filterWindow !== undefined) {
    const shape = symbols.shapes.gradient!;
    ({ gradient, outputs: filter } = filtered(gradient, shape, { filterWindow, filterWaits }));
  }
  if (decay === 'l2') gradient = add(gradient, mul(scalarSymbol('decay'), symbols.tensors.parameter));
  return { gradient, filter };
}

/**
 * Traces a rule for one parameter.
 *
 * @throws Error if the rule's view has another number of elements, or its outputs are not exactly `parameter` and
 * its slots.
 */
export function planUpdate(rule: UpdateRule, context: RuleContext, features: PlanFeatures = {}): UpdatePlan {
  const { decay = 'off' } = features;
  const isOwn = ownsDecay(rule, decay);
  const numbers = {
    ...numberSymbols(rule, { areTensors: features.numbersAreTensors === true }),
    ...numberSymbols(rule, { areTensors: features.numbersAreTensors === true, prefix: numberBefore }),
    ...totalSymbols(rule, features.numbersAreTensors === true),
  };
  const symbols = symbolsOf(rule, context, isOwn ? decay : 'off', numbers);
  const { gradient, filter } = preparedGradient(symbols, isOwn ? { ...features, decay: 'off' } : features);
  let { parameter } = symbols.tensors;
  if (decay === 'shrink' && !isOwn) parameter = mul(parameter, sub(1, scalarSymbol('decay')));

  const given = { ...symbols, tensors: { ...symbols.tensors, parameter, gradient } };
  const traces = traced(rule, 'update', given, (tensors, scalars) => rule.update(tensors, scalars, context));
  checkOutputs(rule, context.parameter, traces, symbols.slots);
  const outputs =
    features.cautious === undefined
      ? traces
      : { ...traces, parameter: withCaution(rule, context, traces.parameter!, given, features.cautious) };
  const whole = withFilter({ outputs, shapes: symbols.shapes, slots: symbols.slots }, filter);
  if (features.lazyRows === true && features.filterWindow !== undefined) {
    throw new Error(
      `lazyRows cannot hold for "${context.parameter.name}" with gradientFilter, which counts the gradients of the whole matrix`,
    );
  }
  const plan = features.lazyRows === true ? { ...whole, outputs: withLazyRows(rule, context, whole) } : whole;
  return withFormats(rule, context, features.average === true ? withAverage(plan) : plan, features);
}

/** Packs slots of a plan. Their formats depend on no value of a hyperparameter, which may be replaced. */
function withFormats(
  rule: UpdateRule,
  context: RuleContext,
  plan: UpdatePlan,
  features: PlanFeatures,
): UpdatePlan {
  const { stateFormat = 'float32', stateMinimumSize = defaultStateMinimumSize } = features;
  if (stateFormat === 'float32') return plan;
  const nonNegative = provenNonNegative(rule, context);
  const formats = packedSlots({ ...plan, stateFormat, stateMinimumSize, nonNegative });
  refuseRepeatedRounding(rule, context, formats, features);
  return Object.keys(formats).length === 0 ? plan : { ...plan, formats };
}

/** @throws Error if state that a step is to leave alone would be rounded anew in it, which changes 8-bit blocks. */
function refuseRepeatedRounding(
  rule: UpdateRule,
  { parameter: { name } }: RuleContext,
  formats: Readonly<Record<string, PackedFormat>>,
  { lazyRows = false, filterWindow = 0 }: PlanFeatures,
): void {
  const isCoded = (slot: string): boolean => formats[slot] !== undefined && formats[slot] !== 'bfloat16';
  const refuse = (option: string, what: string): never => {
    throw new Error(
      `stateFormat '8bit' cannot hold for "${name}" under "${rule.name}" with ${option}: every step rounds whole blocks, ` +
        `${what} too; choose 'bfloat16' or 'float32' for it`,
    );
  };
  const slots = Object.keys(formats);
  if (lazyRows && slots.some(isCoded)) refuse('lazyRows', 'those of rows without a gradient');
  const isWindow = (slot: string): boolean => filterWindow > 0 && isFilterSlot(slot);
  if (slots.some((slot) => isWindow(slot) && isCoded(slot)))
    refuse('a window of gradients', 'those of older gradients');
}

/** The slots of a rule that are never negative, whatever its hyperparameters are. */
function provenNonNegative(rule: UpdateRule, context: RuleContext): ReadonlySet<string> {
  const free: RuleContext = { ...context, constant: () => undefined };
  try {
    const { slots, outputs } = planUpdate(rule, free);
    const refreshed = planRefresh(rule, free)?.outputs;
    const all = refreshed === undefined ? [outputs] : [outputs, refreshed];
    return nonNegativeSlots(slots, all, rule.hyperparameters);
  } catch {
    // A rule may refuse schedules. The signed map holds every number.
    return new Set();
  }
}

/** Whether the rule itself applies weight decay of this kind. */
function ownsDecay(rule: UpdateRule, decay: PlanFeatures['decay']): boolean {
  return (decay === 'shrink' ? rule.ownsDecay : rule.ownsL2Decay) === true;
}

/** Before the name of a number of `groupState` as it was before the step. */
export const numberBefore = 'before:';

const symbolOf = (name: string, isTensor: boolean): Expression =>
  isTensor ? tensorSymbol(name, []) : scalarSymbol(name);

function numberSymbols(
  { groupState }: UpdateRule,
  { areTensors, prefix = '' }: { readonly areTensors: boolean; readonly prefix?: string },
): Record<string, Expression> {
  const names = Object.keys(groupState?.initial ?? {}).map((name) => prefix + name);
  return Object.fromEntries(names.map((name) => [name, symbolOf(name, areTensors)]));
}

function totalSymbols({ groupState }: UpdateRule, areTensors: boolean): Record<string, Expression> {
  return Object.fromEntries(
    Object.keys(groupState?.sums ?? {}).map((name) => [name, symbolOf(name, areTensors)]),
  );
}

/**
 * Traces the sums over one parameter that a rule wants: each output is one element. `undefined` where it wants none.
 *
 * @throws Error if a summand is no tensor.
 */
export function planSums(
  rule: UpdateRule,
  context: RuleContext,
  features: PlanFeatures = {},
): UpdatePlan | undefined {
  const { sums } = rule.groupState ?? {};
  if (sums === undefined) return undefined;
  const { decay = 'off', numbersAreTensors = false } = features;
  const isOwn = ownsDecay(rule, decay);
  const numbers = numberSymbols(rule, { areTensors: numbersAreTensors });
  const symbols = symbolsOf(rule, context, isOwn ? decay : 'off', numbers);
  const { gradient, filter } = preparedGradient(symbols, isOwn ? { ...features, decay: 'off' } : features);
  const given = { ...symbols, tensors: { ...symbols.tensors, gradient } };
  const outputs = traced(rule, 'groupState.sums', given, (tensors, scalars) =>
    Object.fromEntries(
      Object.entries(sums).map(([name, summand]) => [name, sum(summand(tensors, scalars, context))]),
    ),
  );
  // What a filter keeps is read here, and renewed by the step.
  const read = withFilter({ outputs: {}, shapes: symbols.shapes, slots: symbols.slots }, filter);
  const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape!]));
  const plan = { ...read, outputs, shapes: { ...read.shapes, ...shapes } };
  return withFormats(rule, context, plan, features);
}

/**
 * Traces what the numbers of a group are after a step, from those before it and the totals of its sums.
 *
 * @throws Error if one of them has no new value, or one that does not exist has.
 */
export function planNumbers(
  rule: UpdateRule,
  settings: RuleContext['settings'],
  numbersAreTensors: boolean,
): Readonly<Record<string, Expression>> {
  const { initial, next } = rule.groupState!;
  const names = [...Object.keys(rule.hyperparameters), 'iteration', 'weightDecay'];
  const scalars = {
    ...Object.fromEntries(names.map((name) => [name, scalarSymbol(name)])),
    ...numberSymbols(rule, { areTensors: numbersAreTensors }),
    ...totalSymbols(rule, numbersAreTensors),
  } as Symbols['scalars'];
  const outputs = traced(rule, 'groupState.next', { tensors: {}, scalars }, (_, given) =>
    next(given, settings),
  );
  const [expected, actual] = [initial, outputs].map((record) => Object.keys(record).sort().join(', '));
  if (expected !== actual) {
    throw new Error(`rule "${rule.name}": groupState.next must return {${expected}}, got {${actual}}`);
  }
  return outputs;
}

/** @throws Error if the update of the rule cannot be told from the parameter. */
function withCaution(
  rule: UpdateRule,
  { parameter: { name } }: RuleContext,
  updated: Expression,
  { tensors, shapes }: Symbols,
  scale: CautiousScale,
): Expression {
  try {
    const masked = cautious(updated, tensors, shapes.gradient!, scale);
    if (rule.average !== undefined) throw new Error('its average follows the whole update');
    return masked;
  } catch (cause) {
    throw new Error(`cautious cannot hold for "${name}" under "${rule.name}": ${(cause as Error).message}`, {
      cause,
    });
  }
}

function withFilter(plan: UpdatePlan, filter: Readonly<Record<string, Expression>>): UpdatePlan {
  const names = Object.keys(filter);
  if (names.length === 0) return plan;
  const shape = plan.shapes.parameter!;
  return {
    outputs: { ...plan.outputs, ...filter },
    shapes: { ...plan.shapes, ...Object.fromEntries(names.map((name) => [name, shape])) },
    slots: { ...plan.slots, ...Object.fromEntries(names.map((name) => [name, likeParameter])) },
  };
}

function withAverage({ outputs, shapes, slots }: UpdatePlan): UpdatePlan {
  const shape = shapes.parameter!;
  const average = lerp(outputs.parameter!, tensorSymbol('average', shape), scalarSymbol('averageDecay'));
  return {
    outputs: { ...outputs, average },
    shapes: { ...shapes, average: shape },
    slots: { ...slots, average: { shape: 'parameter', initial: 'parameter' } },
  };
}

/**
 * Traces a rule's `refresh` for one parameter; `undefined` where the rule has none.
 *
 * @param features Those of its updates, of which the formats of slots hold here too.
 * @throws Error if an output is not one of its slots.
 */
export function planRefresh(
  rule: UpdateRule,
  context: RuleContext,
  features: PlanFeatures = {},
): UpdatePlan | undefined {
  if (rule.refresh === undefined) return undefined;
  const { refresh } = rule;
  const symbols = symbolsOf(rule, context, 'off');
  const { shapes, slots } = symbols;
  const outputs = traced(rule, 'refresh', symbols, (tensors, scalars) =>
    refresh.call(rule, tensors, scalars, context),
  );
  const foreign = Object.keys(outputs).find((name) => !(name in slots));
  if (foreign !== undefined) {
    throw new Error(
      `rule "${rule.name}": refresh may renew {${Object.keys(slots).join(', ')}}, got "${foreign}"`,
    );
  }
  return withFormats(rule, context, { outputs, shapes, slots }, features);
}

/**
 * Traces the iterate that a rule evaluates with, as the one output `parameter`; `undefined` where it has none.
 *
 * @param features as for {@link planRefresh}
 */
export function planAverage(
  rule: UpdateRule,
  context: RuleContext,
  features: PlanFeatures = {},
): UpdatePlan | undefined {
  if (rule.average === undefined) return undefined;
  const { average } = rule;
  const symbols = symbolsOf(rule, context, 'off');
  const { shapes, slots } = symbols;
  const outputs = traced(rule, 'average', symbols, (tensors, scalars) => ({
    parameter: average.call(rule, tensors, scalars, context),
  }));
  return withFormats(rule, context, { outputs, shapes, slots }, features);
}

type Outputs = Readonly<Record<string, Expression>>;

/**
 * Calls a function of a rule with its symbols.
 *
 * @throws Error naming the rule, and slots and scalars that are not there, if one of them was taken for an expression.
 */
function traced<Tensors extends object>(
  rule: UpdateRule,
  method: string,
  symbols: { readonly tensors: Tensors; readonly scalars: Symbols['scalars'] },
  trace: (tensors: Tensors, scalars: Symbols['scalars']) => Outputs,
): Outputs {
  const missing = new Map<string, readonly string[]>();
  const watched = <Table extends object>(table: Table): Table =>
    new Proxy(table, {
      get(target, name) {
        if (typeof name === 'string' && !(name in target)) missing.set(name, Object.keys(target));
        return Reflect.get(target, name) as unknown;
      },
    });
  try {
    const outputs = trace(watched(symbols.tensors), watched(symbols.scalars));
    for (const [name, output] of Object.entries(outputs)) {
      if (typeof (output as Partial<Expression> | undefined)?.kind !== 'string') {
        throw new OperandError(`the new value of ${name}`, output);
      }
    }
    return outputs;
  } catch (error) {
    if (!(error instanceof OperandError)) throw error;
    const reads = [...missing].map(([name, known]) => {
      const nearest = nearestName(name, known);
      return nearest === undefined ? `"${name}"` : `"${name}" (did you mean "${nearest}"?)`;
    });
    const culprits = reads.length === 0 ? '' : `; it reads ${reads.join(' and ')}`;
    const [tensors, scalars] = [symbols.tensors, symbols.scalars].map((table) =>
      Object.keys(table).join(', '),
    );
    throw new Error(
      `rule "${rule.name}": in ${method}, ${error.message}${culprits}. Tensors: ${tensors}. Scalars: ${scalars}`,
      { cause: error },
    );
  }
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
