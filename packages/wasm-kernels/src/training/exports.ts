/** Functions of the compiled modules for training. Pointers and steps are in bytes. */
export interface TrainingExports {
  softmaxSums(x: number, maxima: number, sums: number, rows: number, width: number, scratch: number): void;
  softmaxCrossEntropyGradient(
    x: number,
    labels: number,
    logSumExp: number,
    target: number,
    rows: number,
    width: number,
    lossGradients: number,
    logSumExpGradients: number,
    scratch: number,
  ): void;
  gelu(x: number, target: number, size: number, scratch: number): void;
  geluGradient(x: number, gradient: number, target: number, size: number, scratch: number): void;
  layerNorm(
    x: number,
    weight: number,
    y: number,
    means: number,
    inverses: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  layerNormGradient(
    x: number,
    gradient: number,
    weight: number,
    means: number,
    inverses: number,
    ofX: number,
    partials: number,
    rows: number,
    width: number,
  ): void;
  addRows(x: number, target: number, rows: number, width: number): void;
  rotaryEmbedding(
    x: number,
    cosine: number,
    sine: number,
    target: number,
    rows: number,
    positions: number,
    width: number,
    half: number,
    direction: number,
    start: number,
  ): void;
  causalSoftmax(
    scores: number,
    scoresStep: number,
    target: number,
    targetStep: number,
    rows: number,
    seen: number,
    width: number,
    scale: number,
  ): void;
  causalSoftmaxGradient(
    probabilities: number,
    gradient: number,
    gradientStep: number,
    target: number,
    step: number,
    rows: number,
    width: number,
    scale: number,
  ): void;
  transpose(
    source: number,
    sourceRow: number,
    target: number,
    targetRow: number,
    rows: number,
    columns: number,
  ): void;
}
