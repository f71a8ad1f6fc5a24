// Runs in a page of a browser: what the test calls, by its name on the window.
import * as tf from '@tensorflow/tfjs';
import { indexedDBStore, type MetricsLine, memoryStore, type TokenBatch, train } from '../src/browser.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate, tinySettings } from './tiny-run.ts';

/** What came of a run. */
interface Outcome {
  readonly status: string;
  readonly finalValidationLoss: number | null;
  /** Every line of metrics that is stored, without its times. */
  readonly metrics: readonly object[];
}

declare global {
  interface Window {
    /**
     * Trains the tiny run in IndexedDB, or without a name in memory, from where it is stored to its end, or until after `steps` it is
     * interrupted or gets no more data.
     */
    trainTiny(
      name: string | undefined,
      end?: { readonly after: number; readonly by: 'interruption' | 'silence' },
    ): Promise<Outcome>;
    /** The steps that the run of this page has made, and which of them is in its last checkpoint. */
    progress(name: string): Promise<{ readonly step: number; readonly checkpointStep: number | undefined }>;
    /** The error of a run with a parameter of so many bytes. */
    trainLarge(name: string, bytes: number): Promise<string>;
    /** Opens a run, as training does, until the page is closed. */
    hold(name: string): Promise<void>;
  }
}

let lastStep = 0;
const untimed = ({ seconds: _, ...line }: MetricsLine): object => line;

window.trainTiny = async (name, end) => {
  await tf.setBackend('cpu');
  const store = name === undefined ? memoryStore() : indexedDBStore(name);
  const stop = new AbortController();
  const model = new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  const data = tinyData();
  const next = (): TokenBatch | Promise<TokenBatch> =>
    end?.by === 'silence' && lastStep === end.after ? new Promise(() => {}) : data.train.next();
  try {
    const { status, finalValidationLoss } = await train({
      ...{ model, optimizer, data: { ...data, train: { ...data.train, next } } },
      ...{ ...tinySettings, store, signal: stop.signal },
      onProgress: ({ step }) => {
        lastStep = step;
        if (end?.by === 'interruption' && step === end.after) stop.abort();
      },
    });
    const kept = (await store.read())!;
    return { status, finalValidationLoss, metrics: kept.metrics.map(untimed) };
  } finally {
    model.dispose();
    optimizer.dispose();
  }
};

window.progress = async (name) => ({
  step: lastStep,
  checkpointStep: (await indexedDBStore(name).read())?.checkpointStep,
});

window.trainLarge = async (name, bytes) => {
  await tf.setBackend('cpu');
  const weight = tf.variable(tf.zeros([bytes / 4]), true, 'large');
  const model = {
    variables: [weight],
    loss: () => {
      const total = tf.mean(tf.square(tf.sub(weight, 1))) as tf.Scalar;
      return { total, crossEntropy: total };
    },
    save: async () => new Uint8Array((await weight.data()).buffer),
    load: () => {},
  };
  const store = indexedDBStore(name);
  const optimizer = new TinyOptimizer({ learningRate: 0.1 });
  return train({ model, optimizer, data: tinyData(), ...tinySettings, store }).then(
    () => 'it trained',
    (error: unknown) => String(error),
  );
};

window.hold = async (name) => {
  await indexedDBStore(name).open(tinySettings.config);
};
