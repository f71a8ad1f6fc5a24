import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { __camelName__Rule } from './__name__-rule.ts';

/** Options of {@link __ClassName__}. */
export type __ClassName__Options = OptimizerOptions<typeof __camelName__Rule>;

/** The __Title__ optimizer (__authors__ __year__, __source__). */
export const __ClassName__ = optimizerClass(__camelName__Rule, '__registeredName__');
export type __ClassName__ = InstanceType<typeof __ClassName__>;

export { __camelName__Rule };
