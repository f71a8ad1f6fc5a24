/** An optimizer class whose options are declared by a type with documentation of its own, for editors to show. */
export type DocumentedClass<Class extends abstract new (...options: never[]) => unknown, Options> = Omit<
  Class,
  'prototype'
> & { new (options?: Options): InstanceType<Class> };
