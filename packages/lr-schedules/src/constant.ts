import { nonNegativeNumber, readOptions } from './options.ts';
import { makeSchedule, type Schedule } from './schedule.ts';

/**
 * The same value at every step.
 *
 * @throws Error when the value is not a number of at least 0
 */
export function constant(value: number): Schedule {
  readOptions<{ value: number }>('constant', { value }, { value: nonNegativeNumber });
  return makeSchedule({ type: 'constant', value }, value, () => value);
}
