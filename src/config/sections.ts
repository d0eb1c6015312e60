/** Sections by their usual name, for the two-part spellings above: `checkpoint.dir` is `checkpoints.dir`. */
export const sectionAliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    checkpoints: ['checkpoint', 'checkpointing', 'ckpt', 'model_checkpoint', 'saving'],
    early_stopping: ['early_stop', 'earlystopping', 'earlystop'],
    samples: ['sample', 'sampling', 'visualization', 'visualisation'],
    evaluation: ['eval', 'validation', 'val'],
    data: ['dataset', 'datasets'],
    optimizer: ['optim', 'optimizers', 'optimization', 'optimiser'],
    lr_schedule: ['lr_scheduler', 'scheduler', 'learning_rate_schedule', 'learning_rate_scheduler'],
    generator: ['gen', 'net_g'],
    discriminator: ['disc', 'net_d'],
    restart: ['restarts', 'retry', 'retries'],
  }).flatMap(([usual, others]) => others.map((other) => [other, usual] as const)),
);

/** Words that need a fitting section: `optimizer.name` is no experiment name, `scheduler.patience` no early stopping. */
export const genericWords: ReadonlySet<string> = new Set([
  ...['name', 'experiment', 'description', 'width', 'height', 'depth', 'filters', 'alpha', 'patience', 'monitor'],
  ...['mode', 'warmup', 'annealing', 'command', 'cmd', 'env', 'environment', 'cwd', 'device', 'steps', 'adaptive'],
  ...['heads', 'layers', 'dropout', 'blank', 'dimension', 'feed_forward'],
]);

/** Last parts that mean nothing at all outside their section. */
export const sectionOnly: ReadonlySet<string> = new Set([
  ...['url', 'endpoint', 'region', 'profile', 'keep', 'restore'],
  ...['dir', 'weights', 'shift', 'scale', 'rotation', 'elastic', 'contrast', 'brightness', 'noise'],
]);

/** Sections that stand for the whole experiment: in them a key means what it means at the top level. */
export const generalSections: ReadonlySet<string> = new Set([
  ...['training', 'train', 'trainer_config', 'config', 'configuration', 'settings', 'params', 'parameters'],
  ...['hyperparameters', 'hyper_parameters', 'hparams', 'experiment', 'args', 'run'],
  ...['hardware', 'system', 'runtime'],
]);

/** Section names that only group keys: a key inside them means what it means outside. */
export const neutralSections: ReadonlySet<string> = new Set([
  ...generalSections,
  ...sectionAliases.keys(),
  ...['trainer', 'callbacks', 'logging', 'image', 'images'],
  ...[
    'model',
    'models',
    'network',
    'networks',
    'architecture',
    'data',
    'dataset',
    'datasets',
    'paths',
    'io',
    'optimizer',
    'optimizers',
    'optimization',
    'schedule',
    'schedules',
    'lr_schedule',
    'scheduler',
  ],
  ...[
    'loss',
    'losses',
    'loss_weights',
    'loss_config',
    'loss_settings',
    'weights',
    'checkpoints',
    'checkpoint',
    'checkpointing',
    'evaluation',
    'eval',
    'validation',
    'metrics',
    'samples',
    'sampling',
    'visualization',
  ],
  ...[
    'discriminator',
    'generator',
    'recognizer',
    'early_stopping',
    'early_stop',
    'adaptive_balancing',
    'adaptive_loss_balancing',
    'resume',
    'restart',
    'regularization',
    'gan',
    'supervisor',
  ],
]);
