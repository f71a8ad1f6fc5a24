// cspell:ignore infty operatorname mathrm
/** A name with a symbol of its own in the papers: an option, or a letter that formulas in plain text spell out. */
const symbols: Readonly<Record<string, string>> = {
  alpha: '\\alpha',
  beta: '\\beta',
  gamma: '\\gamma',
  epsilon: '\\varepsilon',
  eta: '\\eta',
  lambda: '\\lambda',
  mu: '\\mu',
  rho: '\\rho',
  rhoMax: '\\rho_{\\infty}',
  learningRate: '\\eta',
  weightDecay: '\\lambda',
  momentum: '\\mu',
};

/** Options whose symbol is another name, with that name: where a formula has it too, the option is written out. */
const abbreviated = { learningRate: 'eta', weightDecay: 'lambda', momentum: 'mu' } as const;

const functions: Readonly<Record<string, string>> = {
  max: '\\max',
  min: '\\min',
};

/** What a product is made of: its TeX, and whether it is a sum in parentheses or a name of several letters. */
interface Factor {
  readonly tex: string;
  readonly isGroup: boolean;
  readonly isWord: boolean;
}

class UnreadableFormula extends Error {}

/** A formula of a README as TeX, with the options that it writes as a symbol; `undefined` where it is not one that can be read. */
export interface Formula {
  readonly tex: string;
  readonly symbols: readonly { readonly option: string; readonly tex: string }[];
}

/**
 * Translates the formula of a README, lines such as `m = beta1 * m + (1 - beta1) * g`, to TeX.
 *
 * Each line assigns (`=`, `-=`, `+=`, `*=`, `/=`) an expression; what follows after two spaces or a comma is a remark.
 *
 * @returns `undefined` if any line is not of this form
 */
export function formulaToTex(text: string): Formula | undefined {
  const has = (name: string) => new RegExp(`\\b${name}(?![A-Za-z0-9])`).test(text);
  const taken = Object.entries(abbreviated).filter(([, name]) => has(name));
  const spelled = new Set(taken.map(([option]) => option));
  try {
    const lines = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => new Line(spelled).toTex(line));
    const used = Object.keys(abbreviated).filter((option) => has(option) && !spelled.has(option));
    return {
      tex: `\\begin{aligned}\n${lines.join(' \\\\\n')}\n\\end{aligned}`,
      symbols: used.map((option) => ({ option, tex: symbols[option]! })),
    };
  } catch (error) {
    if (error instanceof UnreadableFormula) return undefined;
    throw error;
  }
}

/** One assignment; options of `spelled` keep their names. */
class Line {
  constructor(private readonly spelled: ReadonlySet<string>) {}

  toTex(line: string): string {
    const [, label, left, operator, right] =
      /^\s*(?:(\w+):\s+)?(\S+)\s+([-+*/]?=)\s+(\S.*)$/.exec(line) ?? refuse(line);
    const [expression, ...remarks] = statements(right!);
    const target = this.expression(left!);
    const { value, rest } = this.value(expression!);
    const comments = [...(rest === '' ? [] : [rest]), ...remarks];
    return [
      `${label === undefined ? '' : `\\text{${label}: }\\;`}${target} &`,
      assigned(target, left!, operator!, value, expression!),
      comments.length === 0 ? '' : ` && ${comments.map((comment) => this.remark(comment)).join(',\\ ')}`,
    ].join('');
  }

  /** The expression that a text begins with, and the words after it; or words alone. */
  private value(text: string): { value: Value; rest: string } {
    if (/^(the|columns) /.test(text)) return { value: { tex: words(text), isSum: false }, rest: '' };
    const reader = new Reader(text, this.spelled);
    const value = reader.sum();
    const rest = reader.rest();
    if (rest !== '' && !/^(where|along|within|multiplied)\b/.test(rest)) refuse(text);
    return { value, rest };
  }

  private expression(text: string): string {
    const { value, rest } = this.value(text);
    return rest === '' ? value.tex : refuse(text);
  }

  /** A remark: an equation where it is one, else words. */
  private remark(remark: string): string {
    const equation = /^(\S+) (=|>|<) (.+)$/.exec(remark.replace(/^where /, ''));
    if (equation === null) return words(remark);
    try {
      const tex = `${this.expression(equation[1]!)} ${equation[2]} ${this.expression(equation[3]!)}`;
      return remark.startsWith('where ') ? `\\text{where } ${tex}` : tex;
    } catch (error) {
      if (error instanceof UnreadableFormula) return words(remark);
      throw error;
    }
  }
}

interface Value {
  readonly tex: string;
  readonly isSum: boolean;
}

function assigned(target: string, left: string, operator: string, value: Value, source: string): string {
  const arrow = `\\leftarrow ${target}`;
  const factor = value.isSum ? `\\left(${value.tex}\\right)` : value.tex;
  if (operator === '-=') return `${arrow} - ${factor}`;
  if (operator === '+=') return `${arrow} + ${value.tex}`;
  if (operator === '*=') return `${arrow} \\cdot ${factor}`;
  if (operator === '/=') return `\\leftarrow \\frac{${target}}{${value.tex}}`;
  const isUpdate = new RegExp(`(^|[^\\w])${escaped(left)}([^\\w']|$)`).test(source);
  return `${isUpdate ? '\\leftarrow' : '='} ${value.tex}`;
}

/** The parts of a right-hand side: an expression, and remarks set off by two spaces or a comma. */
function statements(right: string): string[] {
  return right.split(/\s{2,}/).flatMap(outerCommas);
}

function outerCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if ('(['.includes(character)) depth += 1;
    if (')]'.includes(character)) depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

/** Words within a formula. */
function words(text: string): string {
  const escapedText = text.replaceAll(/[%#&_{}$]/g, '\\$&').replaceAll('`', '');
  return `\\text{${escapedText.replaceAll('^', '\\textasciicircum{}').replaceAll('±', '$\\pm$')}}`;
}

/** Reads an expression by recursive descent, writing TeX as it goes. */
class Reader {
  private place = 0;
  constructor(
    private readonly text: string,
    private readonly spelled: ReadonlySet<string>,
  ) {}

  rest(): string {
    return this.text.slice(this.place).trim();
  }

  sum(): Value {
    let tex = this.take(/-/y) === undefined ? this.product() : `-${this.product(true)}`;
    let isSum = tex.startsWith('-');
    for (;;) {
      const sign = this.take(/[+-]/y);
      if (sign === undefined) return { tex, isSum };
      tex += ` ${sign} ${this.product(sign === '-')}`;
      isSum = true;
    }
  }

  /** Factors side by side, each with its own fraction; a sum alone needs parentheses only where it is subtracted. */
  private product(isSubtracted = false): string {
    const parts: Factor[] = [this.power()];
    for (;;) {
      if (this.take(/\*/y) !== undefined) parts.push(this.take(/\.\.\./y) ? dots : this.power());
      else if (this.take(/\//y) !== undefined) parts.push(fraction(parts.pop()!, this.power()));
      else if (this.juxtaposed()) parts.push(this.power());
      else break;
    }
    return squared(parts)
      .map((part, index) => {
        const tex =
          part.isGroup && (parts.length > 1 || isSubtracted) ? `\\left(${part.tex}\\right)` : part.tex;
        const before = parts[index - 1];
        const between = before?.isWord || part.isWord ? ' \\cdot ' : ' \\, ';
        return index === 0 ? tex : between + tex;
      })
      .join('');
  }

  /** Whether another matrix follows, as in `P R'`. */
  private juxtaposed(): boolean {
    return /^\s(?!of|by|in|at|is)[A-Za-z]{1,2}'?(?=$|[\s)*/+|-])/.test(this.text.slice(this.place));
  }

  private power(): Factor {
    const base = this.primary();
    if (this.take(/\^/y) === undefined) return base;
    const exponent = this.primary();
    const tex = base.isGroup ? `\\left(${base.tex}\\right)` : base.tex;
    return { tex: `${tex}^{${exponent.tex}}`, isGroup: false, isWord: base.isWord };
  }

  private primary(): Factor {
    this.take(/\s+/y);
    const number = this.take(/\d+(\.\d+)?(e-?\d+)?/y);
    if (number !== undefined) return plain(numberToTex(number));
    if (this.take(/\(/y) !== undefined) return this.group();
    if (this.take(/\|/y) !== undefined) {
      const inner = this.sum().tex;
      this.expect(/\|/y);
      return plain(`\\left\\lvert ${inner} \\right\\rvert`);
    }
    if (this.take(/±/y) !== undefined) return plain(`\\pm ${this.power().tex}`);
    const over = this.take(/mean over the \w+ of /y);
    if (over !== undefined) {
      const what = over.split(' ')[3]!;
      return plain(`\\underset{\\text{${what}}}{\\operatorname{mean}}\\left(${this.product()}\\right)`);
    }
    if (this.take(/previous g\b/y) !== undefined) return plain('g_{\\text{previous}}');
    const name = this.take(/[A-Za-z][A-Za-z0-9]*(_\w+)?/y);
    if (name === undefined) return refuse(this.text);
    return this.named(name);
  }

  private group(): Factor {
    const { tex, isSum } = this.sum();
    this.expect(/\)/y);
    return { tex, isGroup: isSum, isWord: false };
  }

  private named(name: string): Factor {
    if (this.take(/\(/y) !== undefined) return this.call(name);
    const below = this.take(/_\(/y) === undefined ? undefined : this.group().tex;
    const prime = this.take(/'/y) ?? '';
    const { tex, isWord } = nameToTex(name, below, this.spelled);
    return { tex: tex + prime, isGroup: false, isWord };
  }

  private call(name: string): Factor {
    const given = [this.sum().tex];
    while (this.take(/,/y) !== undefined) given.push(this.sum().tex);
    this.expect(/\)/y);
    if (name === 'sqrt') return plain(`\\sqrt{${given.join(', ')}}`);
    const operator = functions[name] ?? `\\operatorname{${name}}`;
    return plain(`${operator}\\left(${given.join(', ')}\\right)`);
  }

  private take(pattern: RegExp): string | undefined {
    const start = /^\s*/.exec(this.text.slice(this.place))![0].length;
    pattern.lastIndex = this.place + start;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.place = pattern.lastIndex;
    return found;
  }

  private expect(pattern: RegExp): void {
    if (this.take(pattern) === undefined) refuse(this.text);
  }
}

const dots: Factor = { tex: '\\cdots', isGroup: false, isWord: false };

const plain = (tex: string): Factor => ({ tex, isGroup: false, isWord: false });

/** Equal neighbors as a square: `g * g` is what papers write as a power. */
function squared(parts: readonly Factor[]): Factor[] {
  const result: Factor[] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if (before?.tex === part.tex && /^[a-z]'?$/.test(part.tex)) {
      result[result.length - 1] = plain(part.tex.endsWith("'") ? `{${part.tex}}^{2}` : `${part.tex}^{2}`);
    } else result.push(part);
  }
  return result;
}

const fraction = (above: Factor, below: Factor): Factor => plain(`\\frac{${above.tex}}{${below.tex}}`);

function numberToTex(number: string): string {
  const [mantissa, exponent] = number.split('e');
  if (exponent === undefined) return number;
  return mantissa === '1' ? `10^{${exponent}}` : `${mantissa} \\cdot 10^{${exponent}}`;
}

/** A name as papers write it: `beta1` and `mu_t` with an index, one letter in italics, an option upright. */
function nameToTex(
  name: string,
  below: string | undefined,
  spelled: ReadonlySet<string>,
): { tex: string; isWord: boolean } {
  const [stem, index] = name.split('_') as [string, string | undefined];
  const [, letters, digits] = /^([A-Za-z]+?)(\d*)$/.exec(stem) ?? refuse(name);
  const symbol = spelled.has(stem) ? undefined : (symbols[stem] ?? symbols[letters!]);
  const indexes = [digits === '' ? undefined : digits, index, below].filter((one) => one !== undefined);
  const isWord = symbol === undefined && letters!.length > 1;
  const tex = symbol ?? (isWord ? `\\mathrm{${letters}}` : letters!);
  const isWhole = symbols[stem] !== undefined && digits !== '';
  const shown = isWhole ? indexes.slice(1) : indexes;
  return { tex: shown.length === 0 ? tex : `${tex}_{${shown.join(',')}}`, isWord };
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\']/g, '\\$&');

function refuse(text: string): never {
  throw new UnreadableFormula(`not a formula: ${text}`);
}
