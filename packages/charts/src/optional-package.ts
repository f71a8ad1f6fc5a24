/** What to say where a package that only drawing needs did not load. */
export function optionalPackage(need: string, name: string, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [reason] = message.split('\n');
  const isMissing = code.endsWith('MODULE_NOT_FOUND');
  return new Error(`${need} the package ${name}: npm install ${name}${isMissing ? '' : ` (${reason})`}`);
}
