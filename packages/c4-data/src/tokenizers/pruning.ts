import { checkInteger, checkKeys, describe } from '../option-checks.ts';
import {
  type AddedToken,
  isUnigram,
  type Step,
  type TokenizerDefinition,
  type UnigramDefinition,
} from './definition.ts';

/** A smaller vocabulary: by name, or with exactly this many pieces. */
export type Pruning = 't5-4k' | 't5-8k' | { readonly size: number };

const NAMED_SIZES = { 't5-4k': 4096, 't5-8k': 8192 } as const;

/** The added tokens that a model of plain text needs. */
const SPECIAL = new Set(['<pad>', '</s>', '<unk>']);

/** @throws TypeError if it is neither a known name nor a size */
export function pruningSize(pruning: unknown): number {
  if (typeof pruning === 'string' && Object.hasOwn(NAMED_SIZES, pruning)) {
    return NAMED_SIZES[pruning as keyof typeof NAMED_SIZES];
  }
  if (pruning === null || typeof pruning !== 'object') {
    throw new TypeError(`prune must be 't5-4k', 't5-8k' or { size }, got ${describe(pruning)}`);
  }
  checkKeys(pruning, ['size'], 'prune');
  checkInteger(pruning.size, 'prune.size', 1);
  return pruning.size as number;
}

/**
 * A definition with fewer pieces: `<pad>`, `</s>` and `<unk>`, all single characters, and of the other pieces those with the highest
 * scores; of equal scores the lower id. Ids are dealt out anew in the old order.
 *
 * The scores are logarithms of how often the model that made the vocabulary expects each piece, so the highest are the pieces
 * of most use in text of that kind, and no corpus is needed to choose them. Single characters stay so that whatever could be
 * written without `<unk>` still can. Other added tokens, such as T5's 100 sentinels `<extra_id_0>`, are left out.
 *
 * @throws RangeError if the size is below what must be kept or above what there is
 */
export function pruneDefinition(
  definition: TokenizerDefinition,
  size: number,
  name: string,
): UnigramDefinition {
  if (!isUnigram(definition))
    throw new Error(`${name} is a BPE tokenizer: only unigram tokenizers can be pruned`);
  const { model, added_tokens: added, post_processor: postProcessor } = definition;
  const addedNames = new Set(added.map(({ content }) => content));
  const required: number[] = [];
  const others: number[] = [];
  for (const [id, [piece]] of model.vocab.entries()) {
    if (SPECIAL.has(piece) || id === model.unk_id) required.push(id);
    else if (addedNames.has(piece)) continue;
    else if (isCharacter(piece)) required.push(id);
    else others.push(id);
  }
  const most = required.length + others.length;
  if (size < required.length || size > most) {
    throw new RangeError(
      `${name} can be pruned to between ${required.length} pieces (<pad>, </s>, <unk> and its single characters) ` +
        `and ${most}, got ${size}`,
    );
  }
  const score = (id: number): number => model.vocab[id]![1];
  others.sort((a, b) => score(b) - score(a) || a - b);
  const kept = [...required, ...others.slice(0, size - required.length)].sort((a, b) => a - b);
  const newIds = new Map(kept.map((old, id) => [old, id]));
  return {
    ...definition,
    added_tokens: added.filter(({ id }) => newIds.has(id)).map((token) => renumber(token, newIds)),
    // What it appends is no part of `encode`; it stands here for other readers of the file.
    post_processor: renumberSpecial(postProcessor ?? null, newIds),
    model: {
      ...model,
      unk_id: model.unk_id === null ? null : newIds.get(model.unk_id)!,
      vocab: kept.map((id) => model.vocab[id]!),
    },
  };
}

function isCharacter(piece: string): boolean {
  return piece.length === 1 || (piece.length === 2 && piece.codePointAt(0)! > 0xffff);
}

function renumber(token: AddedToken, newIds: ReadonlyMap<number, number>): AddedToken {
  return { ...token, id: newIds.get(token.id)! };
}

function renumberSpecial(processor: Step | null, newIds: ReadonlyMap<number, number>): Step | null {
  const special = processor?.special_tokens as
    | Record<string, { readonly ids: readonly number[] }>
    | undefined;
  if (special === undefined) return processor;
  const renumbered = Object.entries(special).map(([name, token]) => [
    name,
    { ...token, ids: token.ids.map((id) => newIds.get(id) ?? id) },
  ]);
  return { ...processor!, special_tokens: Object.fromEntries(renumbered) };
}
