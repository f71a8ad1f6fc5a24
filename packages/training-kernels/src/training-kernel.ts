/** Element types of a kernel's inputs. */
export type InputType = 'float32' | 'int32';

/** The shape of each input, by its name. */
export type Shapes<Inputs extends string> = Readonly<Record<Inputs, readonly number[]>>;

/** What every gradient kernel is called with, besides the attributes of the kernel whose gradient it is. */
export interface GradientAttributes {
  /**
   * Whether results may be written over the memory of saved inputs that no other tensor holds: the caller reads them no
   * more. tfjs asks for a gradient once and then frees what was saved for it.
   */
  readonly overwrite: boolean;
}

/** A kernel as callers and backends know it. Outputs are float32. */
export interface TrainingKernel<
  Inputs extends string = string,
  Outputs extends string = string,
  Attributes extends object = object,
> {
  /** Its name in the kernel registry of tfjs. */
  readonly name: string;
  readonly inputs: Readonly<Record<Inputs, InputType>>;
  readonly outputs: readonly Outputs[];
  /**
   * The shapes that the inputs must have, from those they have.
   *
   * @throws Error if no shapes would fit the attributes, saying which would
   */
  shapes(shapes: Shapes<Inputs>, attributes: Attributes): Shapes<Inputs>;
}
