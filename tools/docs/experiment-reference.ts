import { experimentJsonSchema, type JsonSchema } from '@steepest/experiments';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';

/** Parts of an experiment with a table of their own, by the path of their keys. */
const parts: readonly (readonly [heading: string, path: string])[] = [
  ['The file', ''],
  ['`model`', 'model'],
  ['`data`', 'data'],
  ['`data.source`, for your own files and for prepared shards', 'data.source'],
  ['`schedule`', 'schedule'],
  ['`budget`', 'budget'],
  ['`budget.phases`, each', 'budget.phases'],
  ['`evaluation`', 'evaluation'],
  ['`checkpoint`', 'checkpoint'],
  ['`tune`', 'tune'],
  ['`tune.stopHopeless`', 'tune.stopHopeless'],
];

/** Every key of an experiment file, from its schema. */
export function experimentReference(): string {
  const schema = new Schema(experimentJsonSchema());
  const sections = parts.map(([heading, path]) => {
    return `## ${heading}\n\n${schema.table(schema.at(path === '' ? [] : path.split('.')))}`;
  });
  const entry = schema.definition('optimizer-sgd');
  const member = schema.definition('member-sgd');
  const shared = ['learningRate', 'weightDecay', 'weightDecayMode', 'clipGlobalNorm', 'stateFormat'];
  const ofEntry = [
    ...shared,
    'stateMinimumSize',
    'groups',
    'title',
    'model',
    'schedule',
    'budget',
    'optimizer',
  ];
  return [
    ...sections,
    `## \`optimizers\`, each\n\n${schema.table(entry, ofEntry)}`,
    '`members` makes an entry of several optimizers. The other keys are the options of the optimizer, on its page.',
    `## \`members\`, each\n\n${schema.table(member, ['optimizer', 'match', 'groups', 'learningRate'])}`,
    `## \`match\`\n\n${schema.table(schema.property(member, 'match'))}`,
  ].join('\n\n');
}

class Schema {
  constructor(private readonly root: JsonSchema) {}

  definition(name: string): JsonSchema {
    return (this.root.definitions as Record<string, JsonSchema>)[name]!;
  }

  /** The schema of the value at a path. */
  at(path: readonly string[]): JsonSchema {
    return path.reduce((schema, key) => this.property(schema, key), this.root);
  }

  property(schema: JsonSchema, key: string): JsonSchema {
    const value = this.resolved(this.objectsOf(schema)[0]!.properties![key]!);
    return value.type === 'array' ? this.resolved(value.items as JsonSchema) : value;
  }

  table(schema: JsonSchema, keys?: readonly string[]): string {
    const rows = this.objectsOf(schema).flatMap(({ properties = {} }) =>
      Object.entries(properties)
        .filter(([key]) => keys === undefined || keys.includes(key))
        .map(([key, given]) => {
          const value = this.resolved(given);
          return [`\`${key}\``, this.kind(value), shownDefault(value), given.description ?? ''];
        }),
    );
    return markdownTable(['key', 'value', 'default', 'meaning'], rows);
  }

  /** The forms of a value that are groups of keys. */
  private objectsOf(schema: JsonSchema): JsonSchema[] {
    const forms = (schema.anyOf as JsonSchema[] | undefined) ?? [schema];
    return forms.map((form) => this.resolved(form)).filter(({ properties }) => properties !== undefined);
  }

  /** A schema behind its reference, as it is where no scale chooses. */
  private resolved(schema: JsonSchema): JsonSchema {
    if (typeof schema.$ref === 'string')
      return this.resolved(this.definition(schema.$ref.split('/').at(-1)!));
    return schema.else === undefined ? schema : this.resolved(schema.else as JsonSchema);
  }

  private kind(schema: JsonSchema): string {
    const forms = schema.anyOf as JsonSchema[] | undefined;
    if (forms !== undefined) {
      return [...new Set(forms.map((form) => this.kind(this.resolved(form))))].join(', or ');
    }
    if (Array.isArray(schema.enum)) {
      return schema.enum.length > 10 ? 'a name' : schema.enum.map((value) => `\`${value}\``).join(' ');
    }
    if ('const' in schema) return `\`${JSON.stringify(schema.const).replaceAll('"', '')}\``;
    if (schema.type === 'array') {
      return Array.isArray(schema.items)
        ? 'a pair'
        : `list of ${this.kind(this.resolved(schema.items as JsonSchema))}`;
    }
    if (schema.type === 'object') return 'keys';
    if (schema.type === 'string') return 'text';
    if (schema.type === 'boolean') return '`true` `false`';
    return `${schema.type === 'integer' ? 'integer' : 'number'}${bounds(schema)}`;
  }
}

function bounds(schema: JsonSchema): string {
  const said = [
    schema.exclusiveMinimum === undefined ? undefined : `above ${schema.exclusiveMinimum}`,
    schema.minimum === undefined || isUnbounded(schema.minimum) ? undefined : `from ${schema.minimum}`,
    schema.exclusiveMaximum === undefined ? undefined : `below ${schema.exclusiveMaximum}`,
    schema.maximum === undefined || isUnbounded(schema.maximum) ? undefined : `to ${schema.maximum}`,
  ].filter((one) => one !== undefined);
  return said.length === 0 ? '' : ` ${said.join(', ')}`;
}

const isUnbounded = (value: unknown): boolean => Math.abs(Number(value)) >= Number.MAX_SAFE_INTEGER;

function shownDefault(schema: JsonSchema): string {
  const value = schema.default;
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return '';
  return `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}
