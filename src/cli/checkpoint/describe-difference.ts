import type { Difference } from '../../checkpoint/index.js';
import { formatNumber } from './show-checkpoint.js';

/** One line about a difference; `shape` is that of the tensor. */
export function describeDifference(found: Difference, shape: readonly number[]): string {
  switch (found.kind) {
    case 'only-left':
      return `${found.name}: only in the first`;
    case 'only-right':
      return `${found.name}: only in the second`;
    case 'form':
      return `${found.name}: ${found.left} ≠ ${found.right}`;
    case 'bytes':
      return `${found.name}: other bytes`;
    case 'values': {
      const { index, left, right } = found.first;
      const place = placeOf(index, shape);
      const most = `${formatNumber(found.maxAbsolute)} absolute, ${formatNumber(found.maxRelative)} relative`;
      return `${found.name}: ${found.count} values, first at [${place}]: ${left} ≠ ${right}; at most ${most}`;
    }
  }
}

/** Where the `index`th value stands in a tensor of this shape. */
function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return place;
}
