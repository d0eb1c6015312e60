#!/usr/bin/env node
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';

// A process that lives for days and allocates little: the space for young objects stays at its first size, and nothing that
// runs once, at the start, is worth an optimizing compiler and its memory.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-opt');
// A relaunch runs code that has run a few times at most: what V8 learns of it has to count from the first time.
setFlagsFromString('--no-lazy-feedback-allocation');
// Node 22 and newer keep compiled code between runs.
module.enableCompileCache?.();
const { supervise } = await import('../dist/bundle/supervise.js');

process.exitCode = await supervise(process.argv.slice(2));
