import type { OptimizerName } from './schema.ts';

/** How tables and plots write each optimizer's name. */
export const optimizerTitles: Readonly<Record<OptimizerName, string>> = {
  adam: 'Adam',
  sgd: 'SGD',
  lion: 'Lion',
  signum: 'Signum',
  adafactor: 'Adafactor',
  adalayer: 'Adalayer',
};
