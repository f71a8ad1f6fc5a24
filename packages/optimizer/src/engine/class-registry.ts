import * as tf from '@tensorflow/tfjs-core';

// One map a process, whichever build or copy of this package fills it.
const key = Symbol.for('@steepest/optimizer/registry');
const holder = globalThis as { [key]?: Map<string, object> };

type Serialization = Pick<typeof tf.serialization, 'registerClass'>;

/** The serialization of a tfjs that a page has as `tf`, from a script: a copy with a list of classes of its own. */
function pageSerialization(): Serialization | undefined {
  const { tf: page } = globalThis as { tf?: { serialization?: Partial<Serialization> } };
  const found = page?.serialization;
  if (typeof found?.registerClass !== 'function' || found === tf.serialization) return undefined;
  return found as Serialization;
}

const knownToPage = new WeakSet<object>();

/** Whether the tfjs that a page has as `tf` can load the class. */
export function isKnownToPage(optimizer: object): boolean {
  return knownToPage.has(optimizer);
}

/** Makes a class known to tfjs, also to a page's own copy, and keeps it under its rule's name, in the place of an earlier one. */
export function registerClass(optimizer: object & { readonly rule: { readonly name: string } }): void {
  const cls = optimizer as unknown as Parameters<Serialization['registerClass']>[0];
  tf.serialization.registerClass(cls);
  const page = pageSerialization();
  if (page !== undefined) {
    page.registerClass(cls);
    knownToPage.add(optimizer);
  }
  holder[key] ??= new Map();
  holder[key].set(optimizer.rule.name, optimizer);
}

/** The classes kept so far in this process, by the name of their rule. */
export function registeredClasses(): ReadonlyMap<string, object> {
  return holder[key] ?? new Map();
}
