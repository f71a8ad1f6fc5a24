import type { TrainingData } from '@steepest/trainer';

/** Batches of tokens that depend on nothing but their number, so that they need no text and any run can be repeated. */
export function countingData(
  {
    vocabularySize,
    sequences,
    length,
  }: { readonly vocabularySize: number; readonly sequences: number; readonly length: number },
  onNext: () => void = () => {},
): TrainingData {
  const batch = (number: number, count: number) => ({
    tokens: Int32Array.from(
      { length: count * length },
      (_, i) => ((Math.imul(i + 1, 2_654_435) + number * 7919 + ((i * i) % 1013)) >>> 0) % vocabularySize,
    ),
    batchSize: count,
    sequenceLength: length,
  });
  let next = 1;
  return {
    train: {
      next: () => {
        onNext();
        return batch(next++, sequences);
      },
      position: () => next,
      seek: (position) => {
        next = position as number;
      },
    },
    validation: () => [batch(0, 1)],
  };
}
