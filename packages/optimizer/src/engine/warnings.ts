import * as tf from '@tensorflow/tfjs-core';

/** Says something on the console that is probably a mistake; `tf.enableProdMode()` silences it, as tfjs's own warnings. */
export function warn(message: string): void {
  if (!tf.env().getBool('PROD')) console.warn(message);
}
