import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import { createTokenizerPool, loadTokenizer, type Tokenizer } from '@steepest/c4-data';

/** One way to turn documents into ids, without `</s>`. */
export interface Encoding {
  /** Tokens of all documents, and of each where it is asked for. */
  encode(texts: readonly string[]): Promise<{ readonly tokens: number; readonly ids?: () => number[][] }>;
  close(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  readonly threads: number;
  open(tokenizer: Tokenizer): Promise<Encoding>;
}

const nothing = async (): Promise<void> => {};

function listed(ids: number[][]) {
  return { tokens: ids.reduce((sum, { length }) => sum + length, 0), ids: () => ids };
}

const ours: Subject = {
  name: '@steepest/c4-data',
  threads: 1,
  // A tokenizer of its own, so that no word is known before the warm-up.
  open: async ({ definition }) => {
    const { encode } = await freshTokenizer(definition);
    return { encode: async (texts) => listed(texts.map((text) => encode(text))), close: nothing };
  },
};

async function freshTokenizer(definition: string): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  await writeFile(join(folder, 'tokenizer.json'), definition);
  const tokenizer = await loadTokenizer({ file: join(folder, 'tokenizer.json') });
  await rm(folder, { recursive: true });
  return tokenizer;
}

function pool(workers: number): Subject {
  return {
    name: `@steepest/c4-data, ${workers} worker${workers > 1 ? 's' : ''}`,
    threads: workers,
    open: async (tokenizer) => {
      const opened = createTokenizerPool(tokenizer, { workers });
      return {
        encode: async (texts) => {
          const { tokens, lengths } = await opened.encodeDocuments(texts);
          const ids = () => {
            let start = 0;
            return Array.from(lengths, (length) => {
              start += length;
              // Without the </s> that the pool adds.
              return Array.from(tokens.subarray(start - length, Math.max(start - length, start - 1)));
            });
          };
          return { tokens: tokens.length - lengths.filter((length) => length > 0).length, ids };
        },
        close: () => opened.close(),
      };
    },
  };
}

const javascript: Subject = {
  name: '@huggingface/tokenizers',
  threads: 1,
  open: async ({ definition }) => {
    const engine = new TokenizerEngine(JSON.parse(definition), {});
    const encode = (text: string) => engine.encode(text, { add_special_tokens: false }).ids;
    return { encode: async (texts) => listed(texts.map(encode)), close: nothing };
  },
};

interface NativeTokenizer {
  encode(text: string, pair: null, options: object): Promise<{ getIds(): number[] }>;
  encodeBatch(texts: readonly string[], options: object): Promise<{ getIds(): number[] }[]>;
}

/** Bindings of the Rust library, where they are installed. */
async function native(name: string): Promise<Subject[]> {
  const module = await import(name).catch(() => undefined);
  const { Tokenizer } = module?.default ?? module ?? {};
  if (Tokenizer === undefined) return [];
  const options = { addSpecialTokens: false };
  const open = ({ definition }: Tokenizer): NativeTokenizer => Tokenizer.fromString(definition);
  return [
    {
      name: `${name} (Rust), text by text`,
      threads: 1,
      open: async (tokenizer) => {
        const engine = open(tokenizer);
        const encode = async (texts: readonly string[]) => {
          const ids: number[][] = [];
          for (const text of texts) ids.push((await engine.encode(text, null, options)).getIds());
          return listed(ids);
        };
        return { encode, close: nothing };
      },
    },
    {
      name: `${name} (Rust), in one batch`,
      threads: Number.NaN,
      open: async (tokenizer) => {
        const engine = open(tokenizer);
        const encode = async (texts: readonly string[]) =>
          listed((await engine.encodeBatch(texts, options)).map((encoding) => encoding.getIds()));
        return { encode, close: nothing };
      },
    },
  ];
}

/** All subjects that are installed here. */
export async function findSubjects(): Promise<Subject[]> {
  return [
    ours,
    pool(1),
    pool(2),
    ...(await native('tokenizers')),
    ...(await native('@anush008/tokenizers')),
    javascript,
  ];
}
