export { causalSoftmax, causalSoftmaxGradient } from './attention';
export { softmaxCrossEntropyGradient, softmaxSums } from './softmax';
