/** Arguments that no package can be made of; the message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What one package is called in each place that names it. */
export interface PackageNames {
  /** Kebab case, after `optim-`; also the name of the update rule. */
  readonly name: string;
  readonly camelName: string;
  readonly ClassName: string;
  /** As printed in sentences. */
  readonly Title: string;
}

export interface NameOptions {
  readonly class?: string;
  readonly title?: string;
}

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * The names of an optimizer package.
 *
 * @throws UsageError if the name or the class name is not well-formed, or means something else in JavaScript.
 */
export function packageNames(name: string, options: NameOptions = {}): PackageNames {
  checkSpelling(name);
  const words = name.split('-');
  const ClassName = options.class ?? words.map(capitalized).join('');
  const Title = oneLine('title', options.title ?? words.map(capitalized).join(' '));
  checkClassName(ClassName);
  return { name, camelName: ClassName.charAt(0).toLowerCase() + ClassName.slice(1), ClassName, Title };
}

/** Text that fits one line of a comment, a string and a table. @throws UsageError if it does not. */
export function oneLine(option: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new UsageError(`--${option} is empty`);
  if (/[\n\r|]|\*\//.test(trimmed)) {
    throw new UsageError(`--${option} must be one line without "|" and "*/", got ${JSON.stringify(text)}`);
  }
  return trimmed;
}

function checkSpelling(name: string): void {
  const bare = name.replace(/^(@steepest\/)?optim-/, '');
  if (bare !== name) {
    throw new UsageError(`give the name without "optim-", which is put before it: "${bare}"`);
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    const suggestion = kebabCase(name);
    throw new UsageError(
      `the name must be in kebab case (a-z, 0-9 and single dashes, a letter first), got "${name}"` +
        (suggestion === '' ? '' : `; did you mean "${suggestion}"?`),
    );
  }
}

function kebabCase(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[-0-9]+|-+$/g, '');
}

function checkClassName(ClassName: string): void {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(ClassName)) {
    throw new UsageError(
      `the class name must be a capital letter, then letters and digits, got "${ClassName}"`,
    );
  }
  // `XOptions` is exported beside `X`, and the package imports OptimizerOptions.
  if (ClassName in globalThis || ClassName === 'Optimizer') {
    throw new UsageError(`"${ClassName}" means something else already; choose another with --class`);
  }
}
