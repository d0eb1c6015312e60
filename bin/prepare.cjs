// What `supervise` starts to load an experiment.
require('./compiled.cjs').loadCompiled('prepare-process');
