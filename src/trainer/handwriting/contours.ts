import type { PathCommand } from 'opentype.js';

/** A closed line through points: x and y one after the other. */
export type Contour = readonly number[];

/** Straight pieces that a curve is cut into. */
const pieces = 8;

/** Turns drawing commands into closed contours of straight pieces. */
export function toContours(commands: readonly PathCommand[]): Contour[] {
  const contours: number[][] = [];
  let contour: number[] = [];
  for (const command of commands) {
    if (command.type === 'M') {
      contour = [command.x, command.y];
      contours.push(contour);
    } else if (command.type === 'L') contour.push(command.x, command.y);
    else if (command.type === 'Q') addQuadratic(contour, command);
    else if (command.type === 'C') addCubic(contour, command);
  }
  return contours.filter(({ length }) => length >= 6);
}

function addQuadratic(contour: number[], { x1, y1, x, y }: PathCommand): void {
  const [startX, startY] = contour.slice(-2) as [number, number];
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces;
    const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    contour.push(a * startX + b * x1 + c * x, a * startY + b * y1 + c * y);
  }
}

function addCubic(contour: number[], { x1, y1, x2, y2, x, y }: PathCommand): void {
  const [startX, startY] = contour.slice(-2) as [number, number];
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces;
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    contour.push(a * startX + b * x1 + c * x2 + d * x, a * startY + b * y1 + c * y2 + d * y);
  }
}
