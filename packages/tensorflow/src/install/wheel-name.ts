import { basename } from 'node:path';

/** What the name of a wheel says (binary distribution format, PEP 427). */
export interface WheelName {
  /** Name of the package, with `_` for `-`. */
  readonly package: string;
  readonly version: string;
  readonly platformTags: readonly string[];
}

/** @throws if it is not the name of a wheel */
export function parseWheelName(path: string): WheelName {
  const name = basename(path);
  const parts = name.replace(/\.whl$/, '').split('-');
  // An optional build number stands between the version and the tags.
  if (!name.endsWith('.whl') || (parts.length !== 5 && parts.length !== 6)) {
    throw new Error(
      `${path} is not a wheel: expected a name such as tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl`,
    );
  }
  return { package: parts[0]!.toLowerCase(), version: parts[1]!, platformTags: parts.at(-1)!.split('.') };
}
