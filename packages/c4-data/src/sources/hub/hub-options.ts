import { checkInteger, checkKeys, describe } from '../../option-checks.ts';

/** The keys of `HubOptions`. */
export const hubOptionKeys = [
  'endpoint',
  'token',
  'offline',
  'cacheDirectory',
  'cacheBytes',
  'retries',
  'stallSeconds',
  'onProgress',
  'fetch',
  'signal',
];

const retryKeys = ['attempts', 'firstDelaySeconds', 'longestDelaySeconds'];

function isAddress(value: unknown): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(value as string).protocol);
  } catch {
    return false;
  }
}

function checkSeconds(value: unknown, name: string, positive: boolean): void {
  if (typeof value === 'number' && value < Number.POSITIVE_INFINITY && (positive ? value > 0 : value >= 0))
    return;
  throw new TypeError(
    `${name} must be a number of seconds${positive ? ' above 0' : ''}, got ${describe(value)}`,
  );
}

/**
 * @param where the option that holds them, for messages: `'source.'`, or nothing
 * @throws TypeError if an option is out of its range
 */
export function checkHubOptions(options: Record<string, unknown>, where = ''): void {
  const check = (key: string, right: string, accepts: (value: unknown) => boolean) => {
    const value = options[key];
    if (value === undefined || accepts(value)) return;
    throw new TypeError(`${where}${key} must be ${right}, got ${describe(value)}`);
  };
  check('endpoint', 'the address of a hub, such as "https://huggingface.co"', isAddress);
  check(
    'token',
    'an access token, or false to send none',
    (value) => value === false || (typeof value === 'string' && value.trim() !== ''),
  );
  check('offline', 'true or false', (value) => typeof value === 'boolean');
  check('cacheDirectory', 'the path of a folder', (value) => typeof value === 'string' && value !== '');
  check('onProgress', 'a function', (value) => typeof value === 'function');
  check('fetch', 'a function like the global fetch', (value) => typeof value === 'function');
  check('signal', 'an AbortSignal', (value) => value instanceof AbortSignal);
  if (options.cacheBytes !== undefined) checkInteger(options.cacheBytes, `${where}cacheBytes`, 0);
  if (options.stallSeconds !== undefined) checkSeconds(options.stallSeconds, `${where}stallSeconds`, true);
  if (options.retries !== undefined) checkRetries(options.retries, `${where}retries`);
}

function checkRetries(retries: unknown, name: string): void {
  checkKeys(retries, retryKeys, name);
  const { attempts, firstDelaySeconds, longestDelaySeconds } = retries;
  if (attempts !== undefined) checkInteger(attempts, `${name}.attempts`, 1);
  if (firstDelaySeconds !== undefined) checkSeconds(firstDelaySeconds, `${name}.firstDelaySeconds`, false);
  if (longestDelaySeconds !== undefined)
    checkSeconds(longestDelaySeconds, `${name}.longestDelaySeconds`, false);
}
