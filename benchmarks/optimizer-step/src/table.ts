import Table from 'cli-table3';
import type { Measurement } from './measure.ts';

const absent = '—';

/** 128, 64K, 8M. */
export function formatSize(size: number): string {
  if (size % 2 ** 20 === 0) return `${size / 2 ** 20}M`;
  return size % 2 ** 10 === 0 ? `${size / 2 ** 10}K` : String(size);
}

function formatTime(milliseconds: number): string {
  if (milliseconds < 0.1) return `${(milliseconds * 1000).toPrecision(3)} µs`;
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toPrecision(3)} s`;
  return `${milliseconds.toPrecision(3)} ms`;
}

function formatRatio(ratio: number): string {
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(2)}x`;
}

/** One row per optimizer and number of threads, of measurements on one backend at one size. Times and ratios are those of the fastest rounds. */
export function formatTable(measurements: readonly Measurement[]): string {
  const table = new Table({
    head: [
      'optimizer',
      'threads',
      'step',
      'median',
      'against tf.train',
      'against\nfloat32 state',
      'bytes/parameter\nmoved (least)',
      'GB/s',
      'of a copy\nloop',
      'PyTorch\nforeach',
      'PyTorch\nfused',
    ],
    colAligns: [
      'left',
      'right',
      'right',
      'right',
      'left',
      'right',
      'right',
      'right',
      'right',
      'right',
      'right',
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const measurement of measurements) table.push(row(measurement));
  return table.toString();
}

function row(measurement: Measurement): string[] {
  const { optimizer, threads, size, step, tfjs, copy, bytesPerParameter } = measurement;
  const { pytorchForeach, pytorchFused, float32State } = measurement;
  const bytes =
    bytesPerParameter === undefined
      ? absent
      : `${bytesPerParameter.moved.toFixed(1)} (${bytesPerParameter.least.toFixed(1)})`;
  const bandwidth = (bytesPerParameter?.moved ?? 0) * (size / step.minimum / 1e6);
  const against = (other: { readonly minimum: number } | undefined): string =>
    other === undefined ? absent : formatRatio(other.minimum / step.minimum);
  return [
    optimizer,
    String(threads),
    formatTime(step.minimum),
    formatTime(step.median),
    `${against(tfjs)} ${tfjs.name.replace('tf.train.', '')}`,
    against(float32State),
    bytes,
    bytesPerParameter === undefined ? absent : bandwidth.toFixed(1),
    copy === undefined ? absent : `${((100 * copy.minimum) / step.minimum).toFixed(0)}%`,
    against(pytorchForeach),
    against(pytorchFused),
  ];
}
