/** A number as the text has it: `1`, `1.0` and `1e0` differ. */
export interface JsonNumber {
  readonly number: string;
}

/** An object as the text has it: in its order, repeated keys included. */
export interface JsonObject {
  readonly entries: readonly (readonly [key: string, value: JsonValue])[];
}

export type JsonValue = null | boolean | string | JsonNumber | JsonObject | readonly JsonValue[];

// That of the reference implementation: damaged or hostile text cannot exhaust the stack.
const deepest = 127;
const backslash = 0x5c;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literals = new Map<string, null | boolean>([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/**
 * Parses JSON as strictly as the reference implementation of safetensors. `JSON.parse` drops repeated keys, the spelling
 * of numbers, and halves of surrogate pairs, all of which decide whether a header is valid.
 *
 * @throws Error naming the character at which the text is wrong, counted from 0
 */
export function parseJson(text: string): JsonValue {
  return new Parser(text).parse();
}

class Parser {
  private position = 0;

  constructor(private readonly text: string) {}

  parse(): JsonValue {
    const value = this.value(0);
    if (this.next() !== undefined) this.fail('unexpected text after the end');
    return value;
  }

  private value(depth: number): JsonValue {
    const first = this.next();
    if ((first === '{' || first === '[') && depth === deepest)
      this.fail(`nested deeper than ${deepest} levels`);
    if (first === '{') return this.object(depth + 1);
    if (first === '[') return this.list(depth + 1);
    if (first === '"') return this.string();
    for (const [literal, value] of literals) {
      if (!this.text.startsWith(literal, this.position)) continue;
      this.position += literal.length;
      return value;
    }
    return this.number();
  }

  private object(depth: number): JsonObject {
    const entries: [string, JsonValue][] = [];
    this.items('}', () => {
      if (this.next() !== '"') this.fail('expected a key in quotes');
      const key = this.string();
      if (this.next() !== ':') this.fail('expected ":"');
      this.position++;
      entries.push([key, this.value(depth)]);
    });
    return { entries };
  }

  private list(depth: number): JsonValue[] {
    const values: JsonValue[] = [];
    this.items(']', () => values.push(this.value(depth)));
    return values;
  }

  /** Reads what stands between brackets, from the opening one on. */
  private items(end: string, item: () => void): void {
    this.position++;
    if (this.next() !== end) {
      item();
      while (this.next() === ',') {
        this.position++;
        item();
      }
    }
    if (this.next() !== end) this.fail(`expected "," or "${end}"`);
    this.position++;
  }

  private string(): string {
    const start = this.position;
    this.position++;
    while (this.text[this.position] !== '"') {
      const code = this.text.charCodeAt(this.position);
      // NaN, beyond the end of the text, is not at least 0x20 either.
      if (!(code >= 0x20)) this.fail('a text in quotes that does not end, or holds a control character,');
      this.position += code === backslash ? 2 : 1;
    }
    this.position++;
    return this.decoded(start);
  }

  private number(): JsonNumber {
    numberPattern.lastIndex = this.position;
    const [number] = numberPattern.exec(this.text) ?? this.fail('expected a value');
    if (!Number.isFinite(Number(number))) this.fail('a number out of range');
    this.position += number.length;
    return { number };
  }

  private decoded(start: number): string {
    let text: string;
    try {
      text = JSON.parse(this.text.slice(start, this.position)) as string;
    } catch {
      return this.fail('a wrong escape in the text', start);
    }
    if (hasLoneSurrogate(text)) this.fail('half of a surrogate pair in the text', start);
    return text;
  }

  /** The next character that is not white space, where the position then is. */
  private next(): string | undefined {
    while (' \n\r\t'.includes(this.text[this.position] ?? 'end')) this.position++;
    return this.text[this.position];
  }

  private fail(what: string, position = this.position): never {
    throw new Error(`${what} at character ${position}`);
  }
}

/** Whether a text has half of a surrogate pair, which no UTF-8 can hold. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
