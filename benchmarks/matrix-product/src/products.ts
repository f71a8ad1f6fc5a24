/** A product to time: `batch` products of [m, k] by [k, n]. */
export interface Product {
  readonly name: string;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Every product of a training step of a decoder with the given sizes; weights are stored [out, in]. */
export function decoderProducts(sizes: {
  readonly tokens: number;
  readonly width: number;
  readonly mlpWidth: number;
  readonly vocabulary: number;
  readonly sequences: number;
  readonly heads: number;
}): Product[] {
  const { tokens, width, mlpWidth, vocabulary, sequences, heads } = sizes;
  const layer = (name: string, into: number, out: number): Product[] => [
    { name, batch: 1, m: tokens, k: into, n: out, transposeA: false, transposeB: true },
    {
      name: `${name}, input gradient`,
      batch: 1,
      m: tokens,
      k: out,
      n: into,
      transposeA: false,
      transposeB: false,
    },
    {
      name: `${name}, weight gradient`,
      batch: 1,
      m: out,
      k: tokens,
      n: into,
      transposeA: true,
      transposeB: false,
    },
  ];
  const positions = tokens / sequences;
  const attention = { batch: sequences * heads, m: positions };
  const headWidth = width / heads;
  return [
    ...layer('qkv', width, 3 * width),
    ...layer('out', width, width),
    ...layer('mlp up', width, mlpWidth),
    ...layer('mlp down', mlpWidth, width),
    ...layer('head', width, vocabulary),
    {
      ...attention,
      name: 'attention scores',
      k: headWidth,
      n: positions,
      transposeA: false,
      transposeB: true,
    },
    {
      ...attention,
      name: 'attention values',
      k: positions,
      n: headWidth,
      transposeA: false,
      transposeB: false,
    },
    {
      ...attention,
      name: 'attention, key gradient',
      k: positions,
      n: headWidth,
      transposeA: true,
      transposeB: false,
    },
    { name: 'one token', batch: 1, m: 1, k: width, n: mlpWidth, transposeA: false, transposeB: true },
  ];
}

/** Floating-point operations: a multiplication and an addition for each term. */
export function operations({ batch, m, k, n }: Product): number {
  return 2 * batch * m * k * n;
}
