#!/usr/bin/env node
import module from 'node:module';

// Node 22 and newer keep compiled code between runs.
module.enableCompileCache?.();
const { supervise } = await import('../dist/bundle/supervise.js');

process.exitCode = await supervise(process.argv.slice(2));
