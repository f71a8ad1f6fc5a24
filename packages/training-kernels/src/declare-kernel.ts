import { engine, registerGradient, type Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from './run-kernel.ts';
import type { TrainingKernel } from './training-kernel.ts';

/** How the gradient of a kernel is computed: by another kernel. */
interface KernelGradient<Inputs extends string, Outputs extends string, GradientInputs extends string> {
  /**
   * Its outputs are gradients, with the names of the inputs that they belong to. It gets the attributes of the kernel and
   * {@link GradientAttributes}.
   */
  readonly kernel: TrainingKernel<GradientInputs, Inputs>;
  /** Inputs and outputs that it reads again, under the same names. */
  readonly saved: readonly (GradientInputs & (Inputs | Outputs))[];
  /** Under which name it gets the gradient of each output; the other outputs have none. */
  readonly gradientOf: Readonly<Partial<Record<Outputs, GradientInputs>>>;
}

/**
 * Declares a kernel, and registers its gradient with tfjs for all backends.
 *
 * @throws Error if the gradient kernel has an input that is neither saved nor a gradient
 */
export function declareKernel<
  Inputs extends string,
  Outputs extends string,
  Attributes extends object,
  GradientInputs extends string = never,
>(
  kernel: TrainingKernel<Inputs, Outputs, Attributes>,
  gradient?: KernelGradient<NoInfer<Inputs>, NoInfer<Outputs>, GradientInputs>,
): TrainingKernel<Inputs, Outputs, Attributes> {
  if (gradient !== undefined) registerGradientKernel(kernel, gradient);
  return kernel;
}

function registerGradientKernel(
  { name, inputs, outputs }: TrainingKernel,
  { kernel, saved, gradientOf }: KernelGradient<string, string, string>,
): void {
  const given = [...saved, ...Object.values(gradientOf)];
  const missing = Object.keys(kernel.inputs).find((input) => !given.includes(input));
  if (missing !== undefined) {
    throw new Error(
      `${kernel.name} has the input "${missing}", which ${name} neither saves nor gives as a gradient`,
    );
  }
  const savedInputs = saved.filter((input) => input in inputs);
  const savedOutputs = outputs.filter((output) => saved.includes(output));
  registerGradient({
    kernelName: name,
    inputsToSave: savedInputs,
    outputsToSave: outputs.map((output) => savedOutputs.includes(output)),
    gradFunc: (gradients, tensors, attributes) => {
      const ofOutputs = Array.isArray(gradients) ? gradients : [gradients];
      const gradientInputs: Record<string, Tensor> = {};
      for (const [i, input] of [...savedInputs, ...savedOutputs].entries())
        gradientInputs[input] = tensors[i]!;
      for (const [i, output] of outputs.entries()) {
        const input = gradientOf[output];
        if (input !== undefined) gradientInputs[input] = ofOutputs[i]!;
      }
      // Inside another gradient, which reads the tape once more, what was saved is needed again.
      const overwrite = engine().state.gradientDepth === 0;
      const results = runKernel(kernel, gradientInputs, { ...attributes, overwrite });
      return Object.fromEntries(kernel.outputs.map((input) => [input, () => results[input]!]));
    },
  });
}
