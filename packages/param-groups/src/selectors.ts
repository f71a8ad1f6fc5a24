import type { ParameterInfo, ParameterSelector, SelectorPattern } from '@steepest/optimizer';

/** Bounds of {@link bySize}, both included. */
export interface SizeBounds {
  /** Smallest number of elements. */
  readonly minimum?: number | undefined;
  /** Largest number of elements. */
  readonly maximum?: number | undefined;
}

/** Throws for a list without entries: such a selector would silently match nothing, or everything. */
function requireEntries(selector: string, entries: readonly unknown[]): void {
  if (entries.length === 0) throw new Error(`${selector} needs at least one argument`);
}

/** Parameters whose name matches one of the globs, for instance `byName('blocks/3/**', 'head/*')`. */
export function byName(...globs: readonly string[]): SelectorPattern {
  requireEntries('byName', globs);
  return { name: globs };
}

/** Parameters with one of the roles, for instance `byRole('embedding', 'lastLayer')`. */
export function byRole(...roles: readonly string[]): SelectorPattern {
  requireEntries('byRole', roles);
  return { role: roles };
}

/** Parameters with one of the numbers of axes: `byRank(0, 1)` is scalars, norms and biases. */
export function byRank(...ranks: readonly number[]): SelectorPattern {
  requireEntries('byRank', ranks);
  for (const rank of ranks) {
    if (!Number.isInteger(rank) || rank < 0) {
      throw new Error(`byRank: a rank must be a whole number of at least 0, got ${rank}`);
    }
  }
  return { rank: ranks };
}

/**
 * Parameters by their number of elements.
 *
 * @throws Error if neither bound is given, or they exclude everything.
 */
export function bySize({ minimum, maximum }: SizeBounds): SelectorPattern {
  if (minimum === undefined && maximum === undefined) {
    throw new Error('bySize needs a minimum, a maximum or both, in elements');
  }
  for (const [bound, value] of Object.entries({ minimum, maximum })) {
    if (value !== undefined && !(value >= 0)) {
      throw new Error(`bySize: ${bound} must be a number of elements of at least 0, got ${value}`);
    }
  }
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw new Error(`bySize: minimum ${minimum} is more than maximum ${maximum}`);
  }
  return {
    ...(minimum === undefined ? {} : { minimumSize: minimum }),
    ...(maximum === undefined ? {} : { maximumSize: maximum }),
  };
}

/** Parameters that at least one of the selectors matches. */
export function anyOf(...selectors: readonly ParameterSelector[]): SelectorPattern {
  requireEntries('anyOf', selectors);
  return { anyOf: selectors };
}

/** Parameters that every one of the selectors matches. */
export function allOf(...selectors: readonly ParameterSelector[]): SelectorPattern {
  requireEntries('allOf', selectors);
  return { allOf: selectors };
}

/** Parameters that the selector does not match. */
export function not(selector: ParameterSelector): SelectorPattern {
  return { not: selector };
}

/**
 * Parameters for which the predicate holds. Unlike the other selectors it is not data, so an optimizer with it cannot
 * be written to a file.
 */
export function where(predicate: (parameter: ParameterInfo) => boolean): ParameterSelector {
  if (typeof predicate !== 'function') throw new Error(`where needs a function, got ${typeof predicate}`);
  return predicate;
}
