import { escapeHtml } from '@steepest/run-files';

/** Markup that is safe to put into a page: text in it is escaped. Only {@link html} and {@link trusted} make it. */
export class Html {
  /** @internal */
  constructor(private readonly markup: string) {}

  toString(): string {
    return this.markup;
  }
}

/** What may stand in a template: text and numbers are escaped, nothing is left out, lists are put together. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** A template of markup whose values are escaped, for element content and quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, index) => `${text}${markupOf(values[index - 1])}${part}`));
}

/** Pieces of markup, a line each. */
export function joined(pieces: readonly Html[]): Html {
  return new Html(pieces.join('\n'));
}

/** Markup, styles or a script of this package's own, never made from what a file says. */
export function trusted(source: string): Html {
  return new Html(source);
}

/** JSON for a script element: no `<`, so nothing in it can close the element or open a comment. */
export function scriptJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value)
      .replaceAll('<', '\\u003c')
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029'),
  );
}

/** Script source of this package's own for a script element: in code, `</script` only occurs inside literals. */
export function inlineScript(source: string): Html {
  return new Html(source.replace(/<(?=\/script|!--)/gi, '\\x3c'));
}

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  return Array.isArray(value) ? value.map(markupOf).join('') : escapeHtml(String(value));
}
