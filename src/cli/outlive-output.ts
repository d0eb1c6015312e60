/** A reader of our output that is gone (`supervise … | head -1`) is no reason to end a run, nor to die of it at the end. */
export function outliveOutput(): void {
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
