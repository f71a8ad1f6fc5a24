/** Ways of counting the parameters of a model. */
export type ParameterCount =
  | 'with embeddings'
  | 'without embeddings'
  | 'with the last layer and without the embedding';

/** How a law counts quantities that laws count differently; two numbers of one name and another convention are of two units. */
export type Conventions = {
  readonly parameters?: ParameterCount | undefined;
  /** Text and tokenizer on which it was measured. */
  readonly loss?: string | undefined;
  readonly flops?: string | undefined;
};

/**
 * A number of parameters counted another way.
 *
 * @param embeddings parameters of the embeddings: the difference between a count with and one without them
 * @returns `undefined` where the embeddings alone do not tell the difference
 */
export function convertParameters(
  value: number,
  from: string | undefined,
  to: string | undefined,
  embeddings: number,
): number | undefined {
  if (from === to) return value;
  if (from === 'with embeddings' && to === 'without embeddings' && embeddings < value)
    return value - embeddings;
  if (from === 'without embeddings' && to === 'with embeddings') return value + embeddings;
  return undefined;
}
