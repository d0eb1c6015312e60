import type { Random } from '../random/random.js';
import type { Glyph } from './digits.js';
import { createPlane, type Plane } from './plane.js';

/** Height in pixels that the digit images were normalized to. */
const glyphSide = 20;

/** One glyph in its place: left edge at the baseline, baseline and scale in pixels, slant as horizontal shift per height. */
interface Placement {
  readonly glyph: Glyph;
  readonly left: number;
  readonly baseline: number;
  readonly scale: number;
  readonly slant: number;
}

/**
 * Writes glyphs on a line of width × height pixels with jitter in size, spacing, baseline and slant; shrinks them where they
 * would not fit. Returns the ink, 0 none to 1 full.
 */
export function composeLine(random: Random, glyphs: readonly Glyph[], width: number, height: number): Plane {
  const ink = createPlane(width, height);
  for (const placement of placeGlyphs(random, glyphs, width, height)) drawGlyph(ink, placement);
  return ink;
}

function placeGlyphs(random: Random, glyphs: readonly Glyph[], width: number, height: number): Placement[] {
  const lineHeight = height * random.uniform(0.55, 0.75);
  const lineGap = height * random.uniform(0.03, 0.15);
  const lineSlant = random.uniform(-0.2, 0.25);
  const sized = glyphs.map((glyph) => ({
    glyph,
    scale: (lineHeight * random.uniform(0.88, 1.08)) / glyphSide,
    gap: lineGap + height * random.uniform(-0.02, 0.05),
    slant: lineSlant + random.uniform(-0.08, 0.08),
  }));
  const natural = sized.reduce((sum, { glyph, scale, gap, slant }) => sum + glyphWidth(glyph, scale, slant) + gap, 0);
  const margin = height * 0.06;
  const shrink = Math.min(1, (width - 2 * margin) / natural);
  const baseline = height / 2 + (shrink * lineHeight) / 2 + height * random.uniform(-0.05, 0.05);
  const rise = random.uniform(-0.02, 0.02);
  let x = margin + (width - 2 * margin - shrink * natural) * random.uniform();
  return sized.map(({ glyph, scale, gap, slant }) => {
    const size = scale * shrink;
    const lean = slant * size * glyph.height;
    const placement = {
      glyph,
      left: x - Math.min(lean, 0),
      baseline: fitBaseline(
        baseline + rise * (x - width / 2) + height * random.uniform(-0.03, 0.03),
        glyph,
        size,
        height,
      ),
      scale: size,
      slant,
    };
    x += glyphWidth(glyph, size, slant) + gap * shrink;
    return placement;
  });
}

function glyphWidth(glyph: Glyph, scale: number, slant: number): number {
  return scale * (glyph.width + Math.abs(slant) * glyph.height);
}

/** Keeps a glyph inside the line, with a pixel of paper above and below (interpolation spreads ink by half a source pixel). */
function fitBaseline(baseline: number, glyph: Glyph, scale: number, height: number): number {
  const margin = 1 + scale / 2;
  return Math.min(Math.max(baseline, scale * glyph.height + margin), height - margin);
}

/** Draws by looking up, for every pixel of the glyph's box, the ink at its place in the glyph (bilinear). */
function drawGlyph(ink: Plane, { glyph, left, baseline, scale, slant }: Placement): void {
  const top = baseline - scale * glyph.height;
  const reach = slant * scale * glyph.height;
  const firstX = Math.max(0, Math.floor(left + Math.min(reach, 0)) - 1);
  const lastX = Math.min(ink.width - 1, Math.ceil(left + scale * glyph.width + Math.max(reach, 0)) + 1);
  const firstY = Math.max(0, Math.floor(top) - 1);
  const lastY = Math.min(ink.height - 1, Math.ceil(baseline) + 1);
  for (let y = firstY; y <= lastY; y++) {
    const sourceY = (y + 0.5 - top) / scale - 0.5;
    const shift = left + slant * (baseline - y - 0.5);
    for (let x = firstX; x <= lastX; x++) {
      const value = sampleInk(glyph, (x + 0.5 - shift) / scale - 0.5, sourceY);
      const at = y * ink.width + x;
      if (value > (ink.values[at] as number)) ink.values[at] = value;
    }
  }
}

function sampleInk(glyph: Glyph, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  if (left < -1 || top < -1 || left >= glyph.width || top >= glyph.height) return 0;
  const [weightX, weightY] = [x - left, y - top];
  const upper = inkAt(glyph, left, top) * (1 - weightX) + inkAt(glyph, left + 1, top) * weightX;
  const lower = inkAt(glyph, left, top + 1) * (1 - weightX) + inkAt(glyph, left + 1, top + 1) * weightX;
  return (upper * (1 - weightY) + lower * weightY) / 255;
}

function inkAt(glyph: Glyph, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= glyph.width || y >= glyph.height) return 0;
  return glyph.ink[y * glyph.width + x] as number;
}
