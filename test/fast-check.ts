import fc from 'fast-check';

// The same inputs in every run, so that a failure belongs to the change under test. `npm run fuzz` draws new ones.
const seed = process.env['FUZZ_SEED'];
fc.configureGlobal({ seed: seed === undefined ? 1 : Number(seed) });

export { fc };
