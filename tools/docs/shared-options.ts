import { engineOptionRecords, type UpdateRule } from '@steepest/optimizer';

/** A row of an option table: the cells as Markdown. */
export interface OptionRow {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** A default as a table shows it: JavaScript, with single quotes. */
export function shownDefault(value: unknown): string {
  // A number as JavaScript prints it, Infinity included.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return `\`${(text ?? 'undefined').replaceAll('"', "'")}\``;
}

/** The options that every optimizer has besides its own, with the defaults that hold for a rule. */
export function sharedOptions({ defaults }: Pick<UpdateRule, 'defaults'>): OptionRow[] {
  return [
    {
      name: 'weightDecay',
      default: shownDefault(defaults?.weightDecay ?? 0),
      meaning: 'Decay of the parameters',
    },
    {
      name: 'weightDecayMode',
      default: shownDefault(defaults?.weightDecayMode ?? 'decoupled'),
      meaning: "`'decoupled'`, `'independent'`, `'fixed'` or `'l2'`, see below",
    },
    { name: 'trainable', default: '`true`', meaning: '`false` leaves parameters and their state alone' },
    {
      name: 'peakLearningRate',
      default: 'peak of `learningRate`',
      meaning: "Reference of the `'independent'` decay",
    },
    ...engineOptionRecords.map(({ name, default: usual, description }) => ({
      name,
      default: usual,
      meaning: description,
    })),
    {
      name: 'groups',
      default: 'none',
      meaning: 'List of `{ match, ...options }`; the first that matches a parameter wins',
    },
  ];
}
