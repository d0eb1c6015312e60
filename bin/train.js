#!/usr/bin/env node
import compiled from './compiled.cjs';

process.exitCode = await compiled.loadCompiled('train').train(process.argv.slice(2));
