import type { OptimizerClass } from '@steepest/optimizer';
import { assertBackend, onWasm } from './backends.ts';
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
import { shapeChecks } from './checks/shapes.ts';
import { needing, optionalPackages } from './optional-packages.ts';
import type { JointReference, ReferenceAverage, ReferenceStep } from './reference.ts';
import { type AnyOptimizerClass, Subject, type Surroundings } from './subject.ts';
import type { AnyOptions } from './test-model.ts';
import { largeShapes, type TestedShape } from './test-model.ts';

/** What the conformance suite is told about an optimizer; the rest it reads from its record. */
export interface ConformanceOptions<Options extends object> {
  readonly optimizer: OptimizerClass<Options>;
  /** A second implementation in plain JavaScript, written from the paper; of a rule with sums over all parameters a joint one. */
  readonly reference: ReferenceStep | JointReference;
  /** The same of what `applyRefresh` renews, for an optimizer that has it. */
  readonly refreshReference?: ReferenceStep;
  /** The same of the iterate to evaluate with, for an optimizer that keeps one. */
  readonly averageReference?: ReferenceAverage;
  /** Recorded runs of the authors' code. */
  readonly golden?: Omit<GoldenCheckOptions<Options>, 'optimizer'>;
  /** Folder of state files, one for each schema version since the first release. */
  readonly releasedStates?: URL;
  /** Options under which everything is checked again. */
  readonly variants?: readonly { readonly name: string; readonly options: Options }[];
  /** Shapes of the parameters in the checks of kind `shapes`; by default long rows, kernels and large tensors. */
  readonly shapes?: readonly TestedShape[];
  /** `import.meta.url` of the test file, where optional packages are looked for that this package does not see. */
  readonly from?: string | URL;
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

/** @throws Error if a reference that the optimizer needs is missing, or one that it has no use for is given. */
function surroundingsOf<Options extends object>(conformance: ConformanceOptions<Options>): Surroundings {
  const {
    optimizer,
    reference,
    refreshReference,
    averageReference,
    shapes = largeShapes,
    from,
  } = conformance;
  const { name, refresh, average, groupState } = optimizer.rule;
  if ((groupState?.sums !== undefined) !== (typeof reference === 'object')) {
    throw new Error(
      groupState?.sums === undefined
        ? `a reference of all parameters together is of no use: ${name} has no sums over them`
        : `${name} has sums over all parameters: give conformanceChecks a reference { together(parameters, shared) }`,
    );
  }
  const check = (option: string, given: unknown, has: unknown, what: string): void => {
    if (given === undefined && has !== undefined)
      throw new Error(`${name} ${what}: give conformanceChecks ${option}`);
    if (given !== undefined && has === undefined)
      throw new Error(`${option} is of no use: ${name} has no such part`);
  };
  check('refreshReference', refreshReference, refresh, 'refreshes an estimate');
  check('averageReference', averageReference, average, 'keeps an average to evaluate with');
  return {
    references: { step: reference, refresh: refreshReference, average: averageReference },
    packages: optionalPackages(from),
    shapes,
  };
}

function checksOf(subject: Subject, releasedStates: URL | undefined): Check[] {
  const { packages } = subject.surroundings;
  const others = [
    ...referenceChecks(subject),
    ...interpreterChecks(subject),
    ...shapeChecks(subject),
    ...releasedStateChecks(subject, releasedStates),
    ...trainingChecks(subject),
    // Made anew: checks may keep what they have trained on one backend.
    ...needing(packages.wasm, onWasm(trainingChecks(subject), packages)),
  ];
  return [...capabilityChecks(subject, others), ...others];
}

/**
 * Every check that an optimizer has to pass: 20 kinds, see the README. They train on the cpu backend of tfjs, which
 * `import '@tensorflow/tfjs'` brings, and on wasm. Where `@tensorflow/tfjs-backend-wasm` is not installed, the checks that
 * need it are there and report themselves as skipped.
 *
 * @throws Error if the cpu backend is missing, the optimizer cannot be made with default options, or with those of a
 * variant, or a reference is missing.
 */
export function conformanceChecks<Options extends object>(conformance: ConformanceOptions<Options>): Check[] {
  assertBackend();
  const { optimizer, golden, releasedStates, variants = [] } = conformance;
  const anyOptimizer = optimizer as unknown as AnyOptimizerClass;
  const surroundings = surroundingsOf(conformance);
  const defaults = new Subject(anyOptimizer, surroundings, undefined, {});
  const others = variants.map(
    ({ name, options }) => new Subject(anyOptimizer, surroundings, name, options as AnyOptions),
  );
  return [
    ...(golden === undefined ? [] : goldenChecks({ optimizer, ...golden })),
    ...optionChecks(defaults),
    ...[defaults, ...others].flatMap((subject) => checksOf(subject, releasedStates)),
  ];
}
