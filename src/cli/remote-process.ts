import { rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { performRemoteOrder, type RemoteAnswer, type RemoteOrder, uploadFolder } from '../checkpoint/remote/index.js';

// The process in which a supervisor has its uploads done. It gets its order as a line on standard input, and ends when that is
// closed: whoever gave the order is gone then, or does not want it any more.
giveWay();
let order: RemoteOrder | undefined;
const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  order = JSON.parse(line) as RemoteOrder;
  void performRemoteOrder(order, tell).then(() => process.stdout.write('', () => process.exit(0)));
});
input.once('close', () => {
  if (order?.kind === 'push') rmSync(join(order.directory, uploadFolder), { recursive: true, force: true });
  process.exit(1);
});

function tell(answer: RemoteAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** The training comes first: for the processor, and for whom the kernel ends when memory runs out. */
function giveWay(): void {
  try {
    setPriority(19);
    writeFileSync('/proc/self/oom_score_adj', '900');
  } catch {
    // Where that is not to be had, it works as any other process.
  }
}
