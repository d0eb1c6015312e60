import type { PositionedReader } from './positioned-reader.js';

/** The magic number that `torch.save` wrote before version 1.6: 0x1950a86a20f9469cfc6c as a pickle of its own. */
const torchMagic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const stop = '.'.charCodeAt(0);

/** Whether bytes begin a pickle of protocol 2 or newer. */
export function isPickle(head: Uint8Array): boolean {
  return head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;
}

/**
 * Verifies a pickle as far as that goes without running it: torch's old format by its magic number and that something follows
 * (tensors lie behind the pickles, with no checksum and no length), any other by its last byte, which ends every pickle.
 * @throws RangeError
 */
export function verifyPickle(reader: PositionedReader, head: Uint8Array): string {
  if (torchMagic.equals(head.subarray(0, torchMagic.length))) {
    if (reader.size <= torchMagic.length) throw new RangeError('nothing follows its magic number');
    return 'magic number';
  }
  if (reader.read(reader.size - 1, 1)[0] !== stop)
    throw new RangeError('it does not end as a pickle does: it is cut short');
  return 'first and last byte';
}
