import {
  convertParameters,
  formatInterval,
  formatNumber,
  type PredictedValue,
  type QuerySpec,
  type Suggestion,
} from '@steepest/scaling-laws';
import { UsageError } from '../frame.ts';
import { type AskedLaw, askedLaw } from './asked-laws.ts';
import { printJson, printLines } from './output.ts';
import { flagOf, readQuestion, requireNumbers, splitLaws } from './questions.ts';
import { drawTable } from './text-table.ts';

/** What a law suggested, and what it was asked. */
interface Answer extends Suggestion {
  readonly law: string;
  readonly query: Readonly<Record<string, number>>;
}

/** Asks one law after the other what to do; what one suggests, the next ones take as known. */
export async function suggestCommand(args: readonly string[]): Promise<void> {
  const { laws: named, flags } = splitLaws(args);
  if (named.length === 0) {
    throw new UsageError(
      'suggest: give one law or more, before the numbers: folders of saved fits, or published laws that `list` shows',
    );
  }
  const laws = await Promise.all(named.map(askedLaw));
  const { query, json } = readQuestion(`suggest ${named.join(' ')}`, numbersOf(laws), flags);
  const answers = ask(laws, query);
  if (json) {
    printJson({ asked: query, answers });
    return;
  }
  printLines(answerLines(answers));
}

/** Every number that some of the laws take; what only the first one needs is required of the asker. */
function numbersOf(laws: readonly AskedLaw[]): QuerySpec[] {
  const specs = new Map<string, QuerySpec>();
  laws.forEach((law, index) => {
    for (const spec of suggestionsOf(law)) {
      if (!specs.has(spec.name)) specs.set(spec.name, index === 0 ? spec : { ...spec, required: false });
    }
  });
  const counts = new Set(laws.map(({ conventions }) => conventions.parameters));
  return counts.size > 1 ? [...specs.values(), embeddings] : [...specs.values()];
}

/** Converts between counts of parameters with and without embeddings. */
const embeddings: QuerySpec = {
  name: 'embeddingParameters',
  meaning: 'parameters of the embeddings, to convert between laws that count them and laws that do not',
  required: false,
};

function suggestionsOf({ name, suggestions }: AskedLaw): readonly QuerySpec[] {
  if (suggestions) return suggestions;
  throw new UsageError(`${name} suggests nothing; ask it with predict`);
}

/** A number that a law suggested. */
interface Known {
  readonly value: number;
  readonly by: AskedLaw;
}

function ask(laws: readonly AskedLaw[], asked: Readonly<Record<string, number>>): Answer[] {
  const known = new Map<string, Known>();
  return laws.map((law, index) => {
    const specs = suggestionsOf(law);
    const query: Record<string, number> = {};
    const notes: string[] = [];
    for (const { name, required = true } of specs) {
      const own = asked[name];
      if (own !== undefined) notes.push(...sharedNumber(name, law, laws.slice(0, index)));
      const value = own ?? (required ? derived(name, { asked, known }, law, notes) : undefined);
      if (value !== undefined) query[name] = value;
    }
    const hint = laws.length > 1 ? '; a law that suggests it may also come before this one' : '';
    requireNumbers(law.name, specs, query, hint);
    const suggestion = law.suggest(query);
    for (const { name, value } of [...suggestion.settings, ...suggestion.expected]) {
      if (!known.has(name)) known.set(name, { value, by: law });
    }
    return { law: law.name, query, ...suggestion, warnings: [...notes, ...suggestion.warnings] };
  });
}

/** A number that an earlier law suggested, counted as this one counts it, or that follows from such numbers. */
function derived(
  name: string,
  {
    asked,
    known,
  }: { readonly asked: Readonly<Record<string, number>>; readonly known: ReadonlyMap<string, Known> },
  law: AskedLaw,
  notes: string[],
): number | undefined {
  const found = known.get(name);
  if (found) {
    const converted = convertedCount(name, found, law, asked.embeddingParameters);
    if (converted === undefined) notes.push(...countedAlike(name, found, law));
    else notes.push(converted.note);
    return converted?.value ?? found.value;
  }
  const numberOf = (other: string) => asked[other] ?? known.get(other)?.value;
  const [tokens, batchTokens] = [numberOf('tokens'), numberOf('batchTokens')];
  if (name !== 'steps' || tokens === undefined || batchTokens === undefined) return undefined;
  return Math.max(1, Math.round(tokens / batchTokens));
}

/** Quantities that laws count in more than one way. */
const conventional = ['parameters', 'flops', 'loss'];

/** The number as the law counts it, where the two counts differ by the embeddings and their parameters were given. */
function convertedCount(name: string, { by, value }: Known, law: AskedLaw, given: number | undefined) {
  const [theirs, ours] = [by.conventions[name], law.conventions[name]];
  if (name !== 'parameters' || given === undefined || theirs === ours) return undefined;
  const converted = convertParameters(value, theirs, ours, given);
  if (converted === undefined) return undefined;
  const [before, after] = [formatNumber(value, 3), formatNumber(converted, 3)];
  return { value: converted, note: `${before} parameters ${theirs} are ${after} ${ours}` };
}

/** @throws UsageError when the two laws count the quantity differently */
function countedAlike(name: string, { by }: Known, law: AskedLaw): string[] {
  const [theirs, ours] = [by.conventions[name], law.conventions[name]];
  if (theirs === ours && (theirs !== undefined || !conventional.includes(name))) return [];
  if (theirs !== undefined && ours !== undefined) {
    throw new UsageError(
      `${law.name} takes ${name} ${ours}, but ${by.name} gives them ${theirs}: ` +
        `give ${flagOf(name)} as ${law.name} counts them` +
        (name === 'parameters'
          ? `, or ${flagOf(embeddings.name)} to convert between counts with and without them`
          : ''),
    );
  }
  const words = (own: AskedLaw, convention: string | undefined) =>
    `${own.name} counts ${name} ${convention ?? 'as the runs that it was fitted on did'}`;
  return [`${words(by, theirs)}, ${words(law, ours)}: if these differ, give ${flagOf(name)}`];
}

/** A number that was given once, for laws that count it differently. */
function sharedNumber(name: string, law: AskedLaw, before: readonly AskedLaw[]): string[] {
  const ours = law.conventions[name];
  const other = before.find((own) => {
    const takes = own.suggestions?.some((spec) => spec.name === name) ?? false;
    return takes && conventional.includes(name) && own.conventions[name] !== ours;
  });
  if (other === undefined) return [];
  const words = (own: AskedLaw) => own.conventions[name] ?? 'as the runs that it was fitted on did';
  return [
    `${flagOf(name)} was given once, but ${other.name} counts ${name} ${words(other)} and ${law.name} ${words(law)}`,
  ];
}

function answerLines(answers: readonly Answer[]): string[] {
  const rows = (of: (answer: Answer) => readonly PredictedValue[]) =>
    answers.flatMap((answer) =>
      of(answer).map((own) => [own.name, formatNumber(own.value), formatInterval(own), own.unit, answer.law]),
    );
  const expected = rows((answer) => answer.expected);
  const head = ['value', 'interval', 'unit', 'by'];
  return [
    drawTable({ head: ['use', ...head], rows: rows((answer) => answer.settings) }),
    ...(expected.length === 0 ? [] : ['', drawTable({ head: ['expect', ...head], rows: expected })]),
    ...answers.map(({ law, reason }) => `${law}: ${reason}`),
    ...answers.flatMap(({ schedule }) => (schedule ? ['', 'schedule', JSON.stringify(schedule)] : [])),
    ...answers.flatMap(({ law, warnings }) => warnings.map((warning) => `warning: ${law}: ${warning}`)),
  ];
}
