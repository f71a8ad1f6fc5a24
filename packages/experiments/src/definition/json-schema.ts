import { listOptimizers } from '@steepest/registry';
import { z } from 'zod';
import { hybridEntry, hybridMember, plainEntry } from './optimizer-entries.ts';
import { scaleKeys } from './scales.ts';
import { experimentSchema } from './schema.ts';

/** A JSON Schema of draft 7, which editors of YAML know. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/**
 * The JSON Schema of experiment files, with the optimizers that are loaded. It accepts what `parseExperiment` accepts, and refuses
 * unknown keys, wrong kinds and numbers out of range; what several keys say together only `parseExperiment` checks.
 */
export function experimentJsonSchema(): JsonSchema {
  const names = listOptimizers();
  const definitions: Record<string, JsonSchema> = {};
  const byScale = new ValuesByScale(definitions);
  const define = (name: string, schema: z.ZodType, more: Record<string, JsonSchema> = {}): void => {
    const { $schema: _, properties, ...rest } = jsonSchemaOf(schema);
    definitions[name] = byScale.inside({ ...rest, properties: { ...properties, ...more } });
  };
  const anyOptimizer: JsonSchema = { enum: names, description: 'The optimizer, by its name in the registry' };
  for (const name of names) {
    define(`optimizer-${name}`, plainEntry(name), { optimizer: anyOptimizer });
    define(`member-${name}`, hybridMember({ optimizer: name }));
  }
  const members: JsonSchema = {
    type: 'array',
    minItems: 2,
    items: choiceOf(names, 'member'),
    description: 'The optimizers of a hybrid, each with the parameters it takes',
  };
  define('hybrid', hybridEntry(names.map((optimizer) => ({ optimizer }))), { members });
  definitions.variant = choiceOf(names, 'optimizer');
  // Named after its optimizer, unless it says which optimizer it is, or is made of several.
  const entry = (plain: JsonSchema): JsonSchema => ({
    if: { type: 'object', required: ['members'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: reference('hybrid'),
    else: {
      if: { type: 'object', required: ['optimizer'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: reference('variant'),
      else: plain,
    },
  });
  const optimizers: JsonSchema = {
    type: 'object',
    minProperties: 1,
    description: 'Every combination of the values in an entry is a setting; each is trained with every seed',
    properties: Object.fromEntries(names.map((name) => [name, entry(reference(`optimizer-${name}`))])),
    additionalProperties: entry({
      type: 'object',
      anyOf: [{ required: ['optimizer'] }, { required: ['members'] }],
    }),
  };
  const { $schema, ...top } = jsonSchemaOf(experimentSchema({}));
  const root = byScale.inside({ ...top, properties: { ...top.properties, optimizers } });
  return {
    $schema,
    title: 'An experiment of Steepest',
    ...root,
    // A scale gives what is missing of these.
    required: ['name', 'optimizers'],
    definitions,
  };
}

const reference = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` });

/** The definition that `optimizer` names. */
function choiceOf(names: readonly string[], kind: string): JsonSchema {
  return {
    type: 'object',
    required: ['optimizer'],
    properties: { optimizer: { enum: names, description: 'The optimizer, by its name in the registry' } },
    allOf: names.map((name) => ({
      if: { properties: { optimizer: { const: name } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: reference(`${kind}-${name}`),
    })),
  };
}

/** What no keyword of JSON Schema says is left to `parseExperiment`. */
function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** Lets every value below the top be one by scale, such as `{ nano: 1e-2, paper: 3e-3 }`. */
class ValuesByScale {
  private readonly names = new Map<string, string>();
  constructor(private readonly definitions: Record<string, JsonSchema>) {}

  /** A schema whose properties and items may depend on the scale. */
  inside(schema: JsonSchema): JsonSchema {
    const { properties, items, required, ...rest } = schema;
    const each = (inner: unknown): JsonSchema => this.valueOf(inner as JsonSchema);
    return {
      ...rest,
      ...(properties === undefined
        ? {}
        : {
            properties: Object.fromEntries(
              Object.entries(properties).map(([key, value]) => [key, each(value)]),
            ),
          }),
      ...(items === undefined ? {} : { items: Array.isArray(items) ? items.map(each) : each(items) }),
      ...(Array.isArray(schema.anyOf)
        ? { anyOf: schema.anyOf.map((option) => this.inside(option as JsonSchema)) }
        : {}),
      ...(required === undefined || isFilledByScale(required) ? {} : { required }),
    };
  }

  private valueOf(schema: JsonSchema): JsonSchema {
    const { description, ...value } = schema;
    const named = reference(this.nameOf(this.inside(withoutRepeated(value, description))));
    return description === undefined ? named : { description, ...named };
  }

  /** The definition of a value, alone or by scale; one for all that are alike. */
  private nameOf(value: JsonSchema): string {
    const text = JSON.stringify(value);
    const known = this.names.get(text);
    if (known !== undefined) return known;
    const name = `value-${this.names.size + 1}`;
    this.names.set(text, name);
    const plain = `${name}-plain`;
    this.definitions[plain] = value;
    this.definitions[name] = {
      if: {
        type: 'object',
        minProperties: 1,
        propertyNames: { enum: scaleKeys },
      },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { additionalProperties: reference(plain) },
      else: reference(plain),
    };
    return name;
  }
}

/** Whether a scale gives the keys, so that a file need not: the size of a model, and the batches of a budget. */
function isFilledByScale(required: unknown): boolean {
  return ['size', 'batchSize,contextLength'].includes(String(required));
}

/** A schema whose parts do not say again what the whole says. */
function withoutRepeated(schema: JsonSchema, description: string | undefined): JsonSchema {
  if (description === undefined) return schema;
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { description: own, ...rest } = value as JsonSchema;
    return own === description ? rest : value;
  }) as JsonSchema;
}
