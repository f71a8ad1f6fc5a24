import type { RuleContext, UpdateRule } from '../rule/update-rule.ts';

/** The slots a rule keeps for a parameter whatever its options are, and those it keeps under some. */
export interface SlotVariants {
  readonly always: ReadonlySet<string>;
  readonly ever: ReadonlySet<string>;
}

/**
 * Finds which slots depend on options, by asking the rule again with every other choice of a setting and every hyperparameter
 * off, on and scheduled, one at a time.
 *
 * Saved state may lack a slot that an option has switched on since, and may have one more that was switched off. A slot
 * that every variant has cannot be missing, and one that none has is of another algorithm.
 */
export function slotVariants(rule: UpdateRule, context: RuleContext): SlotVariants {
  const variants = [
    rule.slots(context),
    ...contextsNear(rule, context).flatMap((near) => slotsOrNone(rule, near)),
  ];
  const names = variants.map((slots) => Object.keys(slots));
  const [first] = names as [string[], ...string[][]];
  return {
    always: new Set(first.filter((name) => names.every((other) => other.includes(name)))),
    ever: new Set(names.flat()),
  };
}

function contextsNear(rule: UpdateRule, context: RuleContext): RuleContext[] {
  const turned = Object.entries(context.settings).flatMap(([name, value]) => {
    const choices = rule.settings?.[name]?.choices ?? (typeof value === 'boolean' ? [!value] : []);
    return choices.map((choice) => ({ ...context, settings: { ...context.settings, [name]: choice } }));
  }) as RuleContext[];
  const replaced = Object.keys(rule.hyperparameters).flatMap((name) =>
    [0, 0.5, undefined].map((value) => ({
      ...context,
      constant: (asked: string) => (asked === name ? value : context.constant(asked)),
    })),
  );
  return [...turned, ...replaced];
}

/** A rule may refuse a combination that nobody asked for. */
function slotsOrNone(rule: UpdateRule, context: RuleContext): ReturnType<UpdateRule['slots']>[] {
  try {
    return [rule.slots(context)];
  } catch {
    return [];
  }
}
