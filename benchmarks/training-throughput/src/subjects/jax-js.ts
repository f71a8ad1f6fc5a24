import { decodeSafetensors } from '@steepest/safetensors';
import type { Weights } from './jax-js-model.ts';
import { MissingSubject, type PrepareSubject, type TrainingStep } from './subject.ts';

/** The same model on a backend of jax-js: the whole step is one compiled function. */
export const prepareJaxJs =
  (backend: 'wasm' | 'webgpu'): PrepareSubject =>
  async ({ task, weights, batch }) => {
    const jax = await import('@jax-js/jax');
    const [device] = await jax.init(backend).then(
      (devices) => devices as string[],
      (error: Error) => {
        throw new MissingSubject(error.message);
      },
    );
    if (device === undefined) throw new MissingSubject(`jax-js has no ${backend} here`);
    jax.defaultDevice(backend);
    const { trainingStep } = await import('./jax-js-model.ts');
    const { tensors } = decodeSafetensors(weights);
    const { numpy: np } = jax;
    const ofEach = (make: (path: string) => Weights[string]): Weights =>
      Object.fromEntries(Object.keys(tensors).map((path) => [path, make(path)]));
    const zeros = () => ofEach((path) => np.zeros([...tensors[path]!.shape]));
    let state: [Weights, Weights, Weights] = [
      ofEach((path) => {
        const { shape, data } = tensors[path]!;
        return np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
      }),
      zeros(),
      zeros(),
    ];
    const { step: run, tables } = trainingStep(task);
    const train: TrainingStep = async (step) => {
      const tokens = batch(step);
      const columns = task.positions + 1;
      const part = (from: number) =>
        np.array(
          Int32Array.from({ length: task.sequences * task.positions }, (_, i) => {
            const row = Math.floor(i / task.positions);
            return tokens[row * columns + (i % task.positions) + from]!;
          }),
          { dtype: np.int32 },
        );
      const correction = (beta: number) => np.array(1 / (1 - beta ** (step + 1)));
      const [current, first, second] = state;
      const [next, nextFirst, nextSecond, loss] = run(
        current,
        first,
        second,
        correction(task.beta1),
        correction(task.beta2),
        part(0),
        part(1),
        tables.cosine.ref,
        tables.sine.ref,
        tables.mask.ref,
      ) as [Weights, Weights, Weights, Weights[string]];
      state = [next, nextFirst, nextSecond];
      const value = (await loss.data())[0]!;
      await jax.blockUntilReady(state);
      return value;
    };
    return { train };
  };
