import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { __camelName__Rule } from './__name__-rule.ts';
import type { __ClassName__Options } from './options.ts';

const __ClassName__Class = optimizerClass(__camelName__Rule, '__registeredName__');

/** The __Title__ optimizer (__authors__ __year__, __source__). */
export const __ClassName__: DocumentedClass<typeof __ClassName__Class, __ClassName__Options> =
  __ClassName__Class;
export type __ClassName__ = InstanceType<typeof __ClassName__>;

export type { __ClassName__Options };
export { __camelName__Rule };
