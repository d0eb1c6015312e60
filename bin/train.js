#!/usr/bin/env node
import { train } from '../dist/cli/train.js';

process.exitCode = await train(process.argv.slice(2));
