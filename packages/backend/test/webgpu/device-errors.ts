import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect } from 'vitest';

/** The part of a GPUDevice that the tests use. */
interface Device {
  pushErrorScope(kind: ErrorKind): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  addEventListener(
    name: 'uncapturederror',
    listen: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}

const errorKinds = ['validation', 'out-of-memory', 'internal'] as const;
type ErrorKind = (typeof errorKinds)[number];

// What Dawn says of work outside of a test, such as that of a beforeAll.
const unexpected: string[] = [];

function device(): Device {
  return (tf.backend() as unknown as { device: Device }).device;
}

/**
 * Makes the webgpu backend, which tfjs uses now, compute everything itself, and hears what its device says. Once for a process or a
 * page.
 */
export function watchDevice(): void {
  // Small tensors would otherwise be computed on the cpu backend, and nothing said about WebGPU.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  device().addEventListener('uncapturederror', ({ error }) => unexpected.push(error.message));
}

/** Has every message of the validation of the device fail the test that caused it, in a file or a `describe` on WebGPU. */
export function failOnDeviceErrors(): void {
  let current: Device;
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
