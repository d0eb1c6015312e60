/** Other spellings of the keys of samples and metrics. */
export const recordsSynonyms = {
  'samples.save_samples': ['save_images', 'visualization.enabled', 'visualize', 'samples.enabled', 'samples.save'],
  'samples.save_interval': [
    'visualization.save_interval',
    'sample_interval',
    'visualization.interval',
    'sample_every',
    'sample_frequency',
    'samples.interval',
    'sample_freq',
    'save_images_every',
    'samples.every',
    'samples.frequency',
    'samples.freq',
    'samples.save_every',
    'samples.save_freq',
    'samples.save_frequency',
  ],
  'samples.num_samples': ['n_samples', 'num_sample_images', 'visualization.samples', 'samples.count', 'num_images'],

  'metrics.cer_weight': ['cer_penalty', 'score_cer_weight', 'evaluation.cer_weight'],
} as const;
