import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What does not wait is done in this time, however busy the machine is. */
export const longestWaitMs = 10_000;

/** What can stand in the place of a file. `put` returns what takes it away again. */
export const strangePlaces: readonly { readonly what: string; readonly put: (path: string) => () => void }[] = [
  { what: 'a directory', put: (path) => remover(path, () => mkdirSync(path)) },
  {
    what: 'a directory with something in it',
    put: (path) =>
      remover(path, () => {
        mkdirSync(path);
        writeFileSync(join(path, 'x'), 'x');
      }),
  },
  { what: 'a named pipe', put: putPipe },
  { what: 'a link to nothing', put: (path) => remover(path, () => symlinkSync('/nonexistent/nothing', path)) },
  { what: 'a link to itself', put: (path) => remover(path, () => symlinkSync(path, path)) },
  { what: 'a link to an endless device', put: (path) => remover(path, () => symlinkSync('/dev/zero', path)) },
  {
    what: 'a file of 8 GB',
    put: (path) =>
      remover(path, () => {
        writeFileSync(path, '');
        truncateSync(path, 8 * 2 ** 30);
      }),
  },
];

/** A reader that waits for a writer gets one after twice the time that anything may take, so that the test fails instead of waiting for ever. */
function putPipe(path: string): () => void {
  spawnSync('mkfifo', [path]);
  const rescue = spawn('sh', ['-c', 'sleep 20; exec 3<>"$0"; sleep 1', path], { stdio: 'ignore', detached: true });
  return remover(
    path,
    () => undefined,
    () => process.kill(-(rescue.pid as number), 'SIGKILL'),
  );
}

function remover(path: string, put: () => void, alsoDo: () => void = () => undefined): () => void {
  put();
  return () => {
    alsoDo();
    rmSync(path, { recursive: true, force: true });
  };
}
