import { createPlane, gaussianBlur, type Plane } from '../data/plane.js';
import type { Random } from '../random/random.js';
import type { Contour } from './contours.js';
import { fillContours } from './fill-contours.js';
import type { Font } from './load-font.js';

export interface LineSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Writes a text on a line of width × height pixels, with a slant, a rising or falling baseline, unsteady letters and a thinner or
 * thicker pen. It is made smaller where it would not fit. Returns the ink, 0 none to 1 full.
 */
export function writeLine(random: Random, font: Font, text: string, { width, height }: LineSize): Plane {
  const letters = loosen(random, font.outline(text));
  const box = boxOf(letters.flat());
  const plane = createPlane(width, height);
  if (box === undefined) return plane;
  const margin = height * 0.08;
  const wanted = (height * random.uniform(0.6, 0.82)) / (box.bottom - box.top);
  const size = Math.min(wanted, (width - 2 * margin) / (box.right - box.left));
  const free = { x: width - 2 * margin - size * (box.right - box.left), y: height - size * (box.bottom - box.top) };
  const left = margin + free.x * random.uniform() ** 2 - size * box.left;
  const top = free.y * random.uniform(0.3, 0.7) - size * box.top;
  for (const contours of letters)
    fillContours(
      plane,
      contours.map((contour) => place(contour, size, left, top)),
    );
  return changePen(plane, random.uniform(-1, 1), height);
}

/** Letters that no longer stand in line: slanted and turned together, each moved and resized a little on its own. */
function loosen(random: Random, letters: readonly Contour[][]): Contour[][] {
  const slant = random.uniform(-0.08, 0.22);
  const rise = random.uniform(-0.012, 0.012);
  const wave = { height: random.uniform(0, 0.03), length: random.uniform(3, 9), phase: random.uniform(0, 2 * Math.PI) };
  return letters.map((contours) => {
    const size = random.uniform(0.95, 1.05);
    const turn = random.uniform(-0.03, 0.03);
    const lift = random.uniform(-0.02, 0.02);
    const start = boxOf(contours)?.left ?? 0;
    const drift = rise * start + wave.height * Math.sin((2 * Math.PI * start) / wave.length + wave.phase) + lift;
    return contours.map((contour) =>
      mapPoints(contour, (x, y) => {
        const [fromStart, down] = [(x - start) * size, y * size];
        return [start + fromStart - down * (slant + turn), down + fromStart * turn + drift];
      }),
    );
  });
}

function place(contour: Contour, size: number, left: number, top: number): Contour {
  return mapPoints(contour, (x, y) => [left + size * x, top + size * y]);
}

function mapPoints(contour: Contour, map: (x: number, y: number) => readonly [number, number]): Contour {
  const mapped: number[] = [];
  for (let at = 0; at < contour.length; at += 2) mapped.push(...map(contour[at] as number, contour[at + 1] as number));
  return mapped;
}

function boxOf(contours: readonly Contour[]) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const contour of contours) {
    for (let at = 0; at < contour.length; at += 2) {
      left = Math.min(left, contour[at] as number);
      right = Math.max(right, contour[at] as number);
      top = Math.min(top, contour[at + 1] as number);
      bottom = Math.max(bottom, contour[at + 1] as number);
    }
  }
  return right > left && bottom > top ? { left, top, right, bottom } : undefined;
}

/** Strokes become thinner (weight −1) or thicker (1): a blurred edge that is cut at another height. */
function changePen(ink: Plane, weight: number, height: number): Plane {
  const blurred = gaussianBlur(ink, Math.max(0.5, height / 64));
  const cut = 0.5 - 0.22 * weight;
  for (let i = 0; i < blurred.values.length; i++) {
    const value = ((blurred.values[i] as number) - cut) / 0.4 + 0.5;
    blurred.values[i] = Math.min(Math.max(value, 0), 1);
  }
  return blurred;
}
