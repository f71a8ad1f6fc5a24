/** A plugin of Stryker, which loads it with plain Node: tells this process what happens while a run continues. */
export const observers = new Set();

const onDryRunCompleted = ({ result }) => {
  for (const observer of observers) observer.onTests(result.tests);
};

const onMutantTested = (result) => {
  for (const observer of observers) observer.onResult(result);
};

export const strykerPlugins = [
  { kind: 'Reporter', name: 'observers', value: { onDryRunCompleted, onMutantTested } },
];
