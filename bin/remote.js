#!/usr/bin/env node
// What `supervise` starts to bring checkpoints to a remote store, and to fetch them from there.
import('../dist/cli/remote-process.js');
