import { type ContenderName, contenders, type Racer } from './settings.ts';

/** The numbers that a card shows. */
export const fields = {
  validation: 'Validation',
  training: 'Training',
  speed: 'Tokens/s',
  state: 'State',
} as const;
export type Field = keyof typeof fields;

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** What the page shows of one racer. */
export class Card {
  readonly article: HTMLElement;
  readonly #values = {} as Record<Field, HTMLElement>;
  readonly #note = element('span', 'note');
  readonly #prompt = element('span', 'prompt');
  readonly #text = element('span', '');

  constructor({ name, learningRate }: Racer, prompt: string) {
    const numbers = Object.entries(fields).map(([field, title]) => {
      const value = element('dd', '', '–');
      this.#values[field as Field] = value;
      return element('div', '', element('dt', '', title), value);
    });
    const sample = element('p', 'sample', this.#prompt, this.#text);
    sample.tabIndex = 0;
    sample.setAttribute('role', 'group');
    sample.setAttribute('aria-label', `Text that the model of ${contenders[name].title} writes`);
    this.#prompt.textContent = prompt;
    this.#text.textContent = ' …';
    this.note(`learning rate ${learningRate}`);
    this.article = element(
      'article',
      'panel racer',
      element('h2', '', contenders[name].title, this.#note),
      element('dl', '', ...numbers),
      sample,
    );
    this.article.dataset.racer = name;
    this.article.style.setProperty('--color', `var(--${name})`);
  }

  set(field: Field, text: string): void {
    this.#values[field].textContent = text;
  }

  note(text: string): void {
    this.#note.textContent = text;
  }

  /** Whether this racer is ahead of all others. */
  lead(isFirst: boolean): void {
    this.#values.validation.classList.toggle('first', isFirst);
  }

  write(text: string): void {
    this.#text.textContent = text;
  }
}

/** The rows of the form that choose who races. */
export function contenderRows(chosen: readonly ContenderName[]): HTMLElement[] {
  return (Object.keys(contenders) as ContenderName[]).map((name) => {
    const { title, learningRate } = contenders[name];
    const check = element('input', '');
    Object.assign(check, { type: 'checkbox', name: 'racer', value: name, checked: chosen.includes(name) });
    const rate = element('input', '');
    Object.assign(rate, {
      type: 'number',
      name: `rate-${name}`,
      min: '0',
      step: 'any',
      value: String(learningRate),
    });
    rate.required = true;
    rate.setAttribute('aria-label', `Learning rate of ${title}`);
    const row = element(
      'div',
      'contender',
      element('label', 'choice', check, element('span', 'swatch'), title),
      rate,
    );
    row.style.setProperty('--color', `var(--${name})`);
    return row;
  });
}
