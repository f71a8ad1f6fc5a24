/** An experiment's place on the page of results: what it asks. */
export interface Section {
  readonly experiment: string;
  readonly title: string;
  readonly question: string;
}

/** What a link to a section ends with. */
export const anchorOf = ({ title }: Section): string => title.toLowerCase().replaceAll(' ', '-');

/** The sections of the page, in its order. */
export const sections: readonly Section[] = [
  {
    experiment: 'optimizers',
    title: 'Every optimizer',
    question:
      'Which of all optimizers here ends lowest, each at its own best learning rate and without weight decay? Other settings are the defaults of the packages, for six optimizers those of Zhao et al. 2024: Adam and AdamW differ in beta2 and epsilon alone.',
  },
  {
    experiment: 'tuned',
    title: 'Tuned over several hyperparameters',
    question:
      'How far apart are optimizers when each is tuned over all of its hyperparameters with as many trials?',
  },
  {
    experiment: 'learning-rate',
    title: 'Learning rate',
    question:
      'Do Adam, Adafactor, Adalayer, Lion and Signum end equally low, each at its best learning rate, and SGD higher? Are they as sensitive to it as Adam, with and without QK-norm and z-loss?',
  },
  {
    experiment: 'beta1',
    title: 'Momentum',
    question: 'How far may beta1, or the momentum, be from its best value?',
  },
  { experiment: 'beta2', title: 'Second moment', question: 'How far may beta2 be from its best value?' },
  { experiment: 'epsilon', title: 'Epsilon', question: 'How far may epsilon be from its best value?' },
  {
    experiment: 'weight-decay',
    title: 'Weight decay',
    question: 'How far may the weight decay be from its best value?',
  },
  {
    experiment: 'warm-up',
    title: 'Warm-up',
    question: 'How far may the share of the steps that warm up be from its best value?',
  },
  {
    experiment: 'batch-size',
    title: 'Batch size',
    question: 'How far may the batch be from its best size at equal tokens?',
  },
  {
    experiment: 'hybrids',
    title: 'Where adaptivity is needed',
    question:
      'Does SGD end as low as Adam once the last layer and the norms are trained adaptively, and does it need both?',
  },
  {
    experiment: 'frozen-adalayer',
    title: 'Frozen second moments',
    question: 'Must second moments follow the gradients, or do early ones serve for the whole run?',
  },
  { experiment: 'embedding', title: 'Embedding', question: 'Does the embedding need adaptivity as well?' },
  {
    experiment: 'variants',
    title: 'Variants',
    question: 'What do coarser second moments, untrained norms and curvature (Sophia) change?',
  },
  {
    experiment: 'layers',
    title: 'Layer by layer',
    question: 'How do gradients, updates and effective learning rates differ between parts of the model?',
  },
];

/** The section of an experiment that has one. */
export const sectionOf = (experiment: string): Section | undefined =>
  sections.find((section) => section.experiment === experiment);

/** The experiments that `study` runs, those with claims first: `optimizers` takes as long as all the others, and `tuned` is for `tune`. */
export const studyExperiments: readonly string[] = [
  ...sections.flatMap(({ experiment }) =>
    experiment === 'optimizers' || experiment === 'tuned' ? [] : [experiment],
  ),
  'optimizers',
];
