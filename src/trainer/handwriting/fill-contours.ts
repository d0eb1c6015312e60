import type { Plane } from '../data/plane.js';
import type { Contour } from './contours.js';

/**
 * Fills contours (pixels, y down) by the exact area that they cover of each pixel, non-zero winding, and keeps the greater of
 * that and what the plane holds. Each edge adds its signed area to the pixels it crosses; the running sum along a row is the
 * coverage (as font-rs does it, Levien 2016).
 */
export function fillContours(plane: Plane, contours: readonly Contour[]): void {
  const box = boxOf(contours, plane);
  if (box === undefined) return;
  const stride = box.width + 2;
  const area = new Float64Array(stride * box.height + 2);
  for (const contour of contours) {
    for (let at = 0; at < contour.length; at += 2) {
      const next = (at + 2) % contour.length;
      addEdge(area, stride, box, [
        (contour[at] as number) - box.left,
        (contour[at + 1] as number) - box.top,
        (contour[next] as number) - box.left,
        (contour[next + 1] as number) - box.top,
      ]);
    }
  }
  for (let y = 0; y < box.height; y++) {
    let sum = 0;
    for (let x = 0; x < box.width; x++) {
      sum += area[y * stride + x] as number;
      const at = (box.top + y) * plane.width + box.left + x;
      plane.values[at] = Math.max(plane.values[at] as number, Math.min(Math.abs(sum), 1));
    }
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The pixels that contours touch, as far as the plane has them. */
function boxOf(contours: readonly Contour[], { width, height }: Plane): Box | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const contour of contours) {
    for (let at = 0; at < contour.length; at += 2) {
      left = Math.min(left, Math.floor(contour[at] as number));
      right = Math.max(right, Math.ceil(contour[at] as number));
      top = Math.min(top, Math.floor(contour[at + 1] as number));
      bottom = Math.max(bottom, Math.ceil(contour[at + 1] as number));
    }
  }
  [left, top, right, bottom] = [Math.max(left, 0), Math.max(top, 0), Math.min(right, width), Math.min(bottom, height)];
  return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : undefined;
}

type Edge = [x0: number, y0: number, x1: number, y1: number];

/** An edge, row by row; what lies left or right of the box counts at its border. */
function addEdge(area: Float64Array, stride: number, { width, height }: Box, [x0, y0, x1, y1]: Edge): void {
  if (y0 === y1) return;
  const direction = y0 < y1 ? 1 : -1;
  const [topX, topY, bottomX, bottomY] = y0 < y1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0];
  const slope = (bottomX - topX) / (bottomY - topY);
  for (let y = Math.max(0, Math.floor(topY)); y < Math.min(height, Math.ceil(bottomY)); y++) {
    const [from, to] = [Math.max(y, topY), Math.min(y + 1, bottomY)];
    const clampX = (at: number) => Math.min(Math.max(topX + slope * (at - topY), 0), width);
    addSpan(area, y * stride, direction * (to - from), clampX(from), clampX(to));
  }
}

/** One row's share of an edge that goes from `x0` to `x1` while it descends by `descent` (signed, of one pixel's height). */
function addSpan(area: Float64Array, row: number, descent: number, x0: number, x1: number): void {
  const [left, right] = x0 < x1 ? [x0, x1] : [x1, x0];
  const [first, last] = [Math.floor(left), Math.ceil(right)];
  const add = (x: number, value: number) => {
    area[row + x] = (area[row + x] as number) + value;
  };
  if (last <= first + 1) {
    const share = (left + right) / 2 - first;
    add(first, descent * (1 - share));
    add(first + 1, descent * share);
    return;
  }
  // Coverage up to column x is the integral of how far the edge has come: exact for a straight edge.
  const reached = (x: number) => Math.min(Math.max((x - left) / (right - left), 0), 1);
  let before = 0;
  for (let x = first; x < last; x++) {
    const [near, far] = [Math.max(x, left), Math.min(x + 1, right)];
    const covered = ((reached(near) + reached(far)) / 2) * (far - near) + (x + 1 - far) * reached(far);
    add(x, descent * (covered - before));
    before = covered;
  }
  add(last, descent * (1 - before));
}
