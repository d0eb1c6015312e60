/** The `checkpoint` file: which checkpoints a directory has, newest last (`CheckpointState`, checkpoint_state.proto). */
export interface CheckpointState {
  /** Prefix of the newest one, relative to the directory. */
  readonly latest: string;
  readonly all: readonly string[];
}

/** Name of that file. */
export const checkpointStateFile = 'checkpoint';

/** Writes the state as TensorFlow does, so that `tf.train.latest_checkpoint` finds the newest one. */
export function formatCheckpointState({ latest, all }: CheckpointState): string {
  const lines = [`model_checkpoint_path: ${quote(latest)}`];
  for (const prefix of all) lines.push(`all_model_checkpoint_paths: ${quote(prefix)}`);
  return `${lines.join('\n')}\n`;
}

/** Reads the state; undefined when the text names no newest checkpoint. Never throws. */
export function parseCheckpointState(text: string): CheckpointState | undefined {
  const paths = (field: string) =>
    [...text.matchAll(new RegExp(`^[ \\t]*${field}[ \\t]*:[ \\t]*"((?:[^"\\\\\\n]|\\\\.)*)"`, 'gm'))].map((match) =>
      unquote(match[1] ?? ''),
    );
  const latest = paths('model_checkpoint_path').at(-1);
  return latest === undefined ? undefined : { latest, all: paths('all_model_checkpoint_paths') };
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
