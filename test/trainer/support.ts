import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { experimentSchema } from '../../src/config/schema.js';

/** A fresh folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-trainer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The `data` section of a resolved experiment, with small defaults. */
export function dataConfig(changes: Record<string, unknown> = {}) {
  const data = { train_samples: 12, val_samples: 4, ...changes };
  return experimentSchema.parse({ experiment_name: 'test', epochs: 1, data }).data;
}
