import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { whyNoWebgpu } from './adapter.ts';

/** The part of a GPUDevice that the tests use. */
interface Device {
  readonly queue: { onSubmittedWorkDone(): Promise<unknown> };
  pushErrorScope(kind: ErrorKind): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  addEventListener(
    name: 'uncapturederror',
    listen: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}

const errorKinds = ['validation', 'out-of-memory', 'internal'] as const;
type ErrorKind = (typeof errorKinds)[number];

/** Why no test can run on WebGPU here, as a clause; undefined where tfjs now uses it. */
export const missing = await whyNoWebgpu();

// What Dawn says of work outside of a test, such as that of a beforeAll.
const unexpected: string[] = [];

if (missing === undefined) {
  await prepareBackend({ backend: 'webgpu' });
  // Small tensors would otherwise be computed on the cpu backend, and nothing said about WebGPU.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  device().addEventListener('uncapturederror', ({ error }) => unexpected.push(error.message));
}

function device(): Device {
  return (tf.backend() as unknown as { device: Device }).device;
}

/** Runs the tests of a file or a `describe` on WebGPU, where every message of Dawn's validation fails its test. */
export function runOnWebgpu(): void {
  let current: Device;
  beforeAll(() => tf.setBackend('webgpu'));
  beforeEach(() => {
    current = device();
    for (const kind of errorKinds) current.pushErrorScope(kind);
  });
  afterEach(async () => {
    const messages = unexpected.splice(0);
    for (const _ of errorKinds) {
      const error = await current.popErrorScope();
      if (error !== null) messages.push(error.message);
    }
    expect(messages).toEqual([]);
  });
}

/** A `describe` on WebGPU, skipped with the reason in its name where there is none. */
export function describeOnWebgpu(name: string, tests: () => void): void {
  if (missing !== undefined) {
    describe.skip(`${name} (skipped: ${missing})`, tests);
  } else {
    describe(name, () => {
      runOnWebgpu();
      tests();
    });
  }
}
