import type { OptimizerClass } from '@steepest/optimizer';
import { onWasm } from './backends.ts';
import type { Check } from './check.ts';
import { accumulationChecks } from './checks/accumulation.ts';
import { averageChecks } from './checks/average.ts';
import { capabilityChecks } from './checks/capabilities.ts';
import { clippingChecks } from './checks/clipping.ts';
import { extremeChecks } from './checks/extremes.ts';
import { type GoldenCheckOptions, goldenChecks } from './checks/golden.ts';
import { gradientChecks } from './checks/gradients.ts';
import { groupChecks } from './checks/groups.ts';
import { interpreterChecks } from './checks/interpreters.ts';
import { layersModelChecks } from './checks/layers-model.ts';
import { maximizeChecks } from './checks/maximize.ts';
import { memoryChecks } from './checks/memory.ts';
import { nonFiniteChecks } from './checks/non-finite.ts';
import { optionChecks } from './checks/options.ts';
import { referenceChecks } from './checks/reference.ts';
import { refreshChecks } from './checks/refresh.ts';
import { releasedStateChecks } from './checks/released-states.ts';
import { resumeChecks } from './checks/resume.ts';
import { scheduleChecks } from './checks/schedules.ts';
import { installedPackages } from './optional-packages.ts';
import type { ReferenceStep } from './reference.ts';
import { type AnyOptimizerClass, type AnyOptions, Subject } from './subject.ts';

/** What the conformance suite is told about an optimizer; the rest it reads from its record. */
export interface ConformanceOptions<Options extends object> {
  readonly optimizer: OptimizerClass<Options>;
  /** A second implementation in plain JavaScript, written from the paper. */
  readonly reference: ReferenceStep;
  /** Recorded runs of the authors' code. */
  readonly golden?: Omit<GoldenCheckOptions<Options>, 'optimizer'>;
  /** Folder of state files, one for each schema version since the first release. */
  readonly releasedStates?: URL;
  /** Options under which everything is checked again. */
  readonly variants?: readonly { readonly name: string; readonly options: Options }[];
}

/** The checks that train on tensors of the present backend. */
function trainingChecks(subject: Subject): Check[] {
  return [
    ...gradientChecks(subject),
    ...refreshChecks(subject),
    ...resumeChecks(subject),
    ...groupChecks(subject),
    ...scheduleChecks(subject),
    ...accumulationChecks(subject),
    ...clippingChecks(subject),
    ...nonFiniteChecks(subject),
    ...maximizeChecks(subject),
    ...averageChecks(subject),
    ...memoryChecks(subject),
    ...extremeChecks(subject),
    ...layersModelChecks(subject),
  ];
}

/**
 * Every check that an optimizer has to pass: 19 kinds, see the README. They need the cpu backend of tfjs, which
 * `import '@tensorflow/tfjs'` brings, and train on wasm too where `@tensorflow/tfjs-backend-wasm` is installed.
 *
 * @throws Error if the optimizer cannot be made with default options, or with those of a variant.
 */
export function conformanceChecks<Options extends object>(conformance: ConformanceOptions<Options>): Check[] {
  const { optimizer, reference, golden, releasedStates, variants = [] } = conformance;
  const anyOptimizer = optimizer as unknown as AnyOptimizerClass;
  const defaults = new Subject(anyOptimizer, reference, undefined, {});
  const others = variants.map(
    ({ name, options }) => new Subject(anyOptimizer, reference, name, options as AnyOptions),
  );
  const { wasm } = installedPackages();
  return [
    ...(golden === undefined ? [] : goldenChecks({ optimizer, ...golden })),
    ...optionChecks(defaults),
    ...[defaults, ...others].flatMap((subject) => [
      ...capabilityChecks(subject),
      ...referenceChecks(subject),
      ...interpreterChecks(subject),
      ...(releasedStates === undefined ? [] : releasedStateChecks(subject, releasedStates)),
      ...trainingChecks(subject),
      ...(wasm ? onWasm(trainingChecks(subject)) : []),
    ]),
  ];
}
