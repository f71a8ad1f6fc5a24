import { formatInterval, formatNumber } from '@steepest/scaling-laws';
import { UsageError } from '../frame.ts';
import { askedLaw } from './asked-laws.ts';
import { printJson, printLines } from './output.ts';
import { readQuestion, requireNumbers, splitLaws } from './questions.ts';
import { drawTable } from './text-table.ts';

/** Prints what a law predicts. */
export async function predictCommand(args: readonly string[]): Promise<void> {
  const { laws, flags } = splitLaws(args);
  const [argument, another] = laws;
  if (argument === undefined || another !== undefined) {
    throw new UsageError(
      'predict: give one law, before the numbers: the folder of a saved fit, or a published law that `list` shows',
    );
  }
  const law = await askedLaw(argument);
  const { query, json } = readQuestion(`predict ${argument}`, law.queries, flags);
  requireNumbers(law.name, law.queries, query);
  const { values, warnings } = law.predict(query);
  if (json) {
    printJson({ law: law.name, query, values, warnings });
    return;
  }
  const rows = values.map((value) => [
    value.name,
    formatNumber(value.value),
    formatInterval(value),
    value.unit,
  ]);
  printLines([
    drawTable({ head: [law.name, 'value', 'interval', 'unit'], rows }),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]);
}
