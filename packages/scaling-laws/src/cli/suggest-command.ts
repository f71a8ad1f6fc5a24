import type { PredictedValue, QuerySpec, Suggestion } from '../law.ts';
import { formatInterval, formatNumber } from '../report/numbers.ts';
import { type AskedLaw, askedLaw } from './asked-laws.ts';
import { printJson } from './json.ts';
import { print } from './output.ts';
import { readQuestion, requireNumbers, splitLaws } from './questions.ts';
import { drawTable } from './text-table.ts';
import { UsageError } from './usage-error.ts';

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
  for (const line of answerLines(answers)) print(line);
}

/** Every number that some of the laws take; what only the first one needs is required of the asker. */
function numbersOf(laws: readonly AskedLaw[]): QuerySpec[] {
  const specs = new Map<string, QuerySpec>();
  laws.forEach((law, index) => {
    for (const spec of suggestionsOf(law)) {
      if (!specs.has(spec.name)) specs.set(spec.name, index === 0 ? spec : { ...spec, required: false });
    }
  });
  return [...specs.values()];
}

function suggestionsOf({ name, suggestions }: AskedLaw): readonly QuerySpec[] {
  if (suggestions) return suggestions;
  throw new UsageError(`${name} suggests nothing; ask it with predict`);
}

function ask(laws: readonly AskedLaw[], asked: Readonly<Record<string, number>>): Answer[] {
  const known = new Map(Object.entries(asked));
  return laws.map((law) => {
    const specs = suggestionsOf(law);
    const query: Record<string, number> = {};
    for (const { name, required = true } of specs) {
      const value = asked[name] ?? (required ? derived(name, known) : undefined);
      if (value !== undefined) query[name] = value;
    }
    const hint = laws.length > 1 ? '; a law that suggests it may also come before this one' : '';
    requireNumbers(law.name, specs, query, hint);
    const suggestion = law.suggest(query);
    for (const { name, value } of [...suggestion.settings, ...suggestion.expected]) {
      if (!known.has(name)) known.set(name, value);
    }
    return { law: law.name, query, ...suggestion };
  });
}

/** A number that is known, or follows from what is. */
function derived(name: string, known: ReadonlyMap<string, number>): number | undefined {
  const [tokens, batchTokens] = [known.get('tokens'), known.get('batchTokens')];
  if (known.has(name) || name !== 'steps') return known.get(name);
  return tokens === undefined || batchTokens === undefined
    ? undefined
    : Math.max(1, Math.round(tokens / batchTokens));
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
