/** How one optimizer is drawn everywhere: a colour for either scheme and a symbol, so that colour is never the only cue. */
export interface Mark {
  readonly light: string;
  readonly dark: string;
  readonly symbol:
    | 'circle'
    | 'rect'
    | 'triangle'
    | 'diamond'
    | 'roundRect'
    | 'star'
    | 'arrow'
    | 'emptyCircle';
  /** Lines are dashed: the second of two results that share colours. */
  readonly dashed?: boolean;
}

/** After Okabe and Ito's colour-blind-safe set, darkened or lightened until each reads as a line on its background. */
const MARKS: readonly (Mark & { readonly name: string })[] = [
  { name: 'adam', light: '#005a9c', dark: '#4a90e2', symbol: 'circle' },
  { name: 'sgd', light: '#3ba3dc', dark: '#93d6ff', symbol: 'rect' },
  { name: 'lion', light: '#d55e00', dark: '#f0782a', symbol: 'triangle' },
  { name: 'signum', light: '#b8568f', dark: '#dd8cba', symbol: 'diamond' },
  { name: 'adafactor', light: '#00805c', dark: '#1fb389', symbol: 'roundRect' },
  { name: 'adalayer', light: '#c99700', dark: '#f0d24a', symbol: 'star' },
  { name: '', light: '#1c2127', dark: '#e6e9ed', symbol: 'arrow' },
  { name: '', light: '#5b3a8c', dark: '#b79cf0', symbol: 'emptyCircle' },
];

/** Gives each optimizer its mark: a known name always the same one, any other the first that no known name holds. */
export function assignMarks(optimizers: readonly { readonly name: string }[]): ReadonlyMap<string, Mark> {
  const names = new Set(optimizers.map(({ name }) => name));
  const free = [
    ...MARKS.filter(({ name }) => name === ''),
    ...MARKS.filter(({ name }) => name && !names.has(name)),
  ];
  let next = 0;
  return new Map(
    optimizers.map(({ name }) => {
      const own = MARKS.find((mark) => mark.name === name);
      const { light, dark, symbol } = own ?? free[next++ % Math.max(1, free.length)] ?? MARKS[0]!;
      return [name, { light, dark, symbol }];
    }),
  );
}
