import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileAtomic } from '../../../protocol/index.js';
import type { NativeHome } from './native-home.js';

/** What `npm run native` has put in place. */
export interface NativeRecord {
  /** `own`: compiled against the TensorFlow of the user's Python. `prebuilt`: the official one. */
  readonly kind: 'own' | 'prebuilt';
  readonly tensorflow: string;
  readonly device: string;
  readonly tfjs: string;
  readonly node: string;
  readonly built_at: string;
  /** Folder of the TensorFlow that it is linked with; it has to stay where it is. */
  readonly library?: string;
  readonly python?: string;
  readonly compiler?: string;
  /** Operations that were checked, value and gradient. */
  readonly checked: number;
}

/** The record of what is built, or undefined. */
export function readNativeRecord({ record }: NativeHome): NativeRecord | undefined {
  try {
    return JSON.parse(readFileSync(record, 'utf8')) as NativeRecord;
  } catch {
    return undefined;
  }
}

/** Notes what was built. */
export function writeNativeRecord({ folder, record }: NativeHome, content: NativeRecord): void {
  mkdirSync(folder, { recursive: true });
  writeFileAtomic(record, `${JSON.stringify(content, null, 2)}\n`);
}

/** Forgets it. */
export function removeNativeRecord({ record }: NativeHome): void {
  rmSync(record, { force: true });
}
