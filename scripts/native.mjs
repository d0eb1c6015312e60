// `npm run native`: puts a faster backend in place (docs/backends.md).
import { native } from '../dist/cli/native.js';

process.exitCode = await native(process.argv.slice(2));
