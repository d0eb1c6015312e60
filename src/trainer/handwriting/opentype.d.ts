/** The part of opentype.js 2 that is used here; the package has no types of its own. */
declare module 'opentype.js' {
  export interface PathCommand {
    readonly type: 'M' | 'L' | 'Q' | 'C' | 'Z';
    readonly x: number;
    readonly y: number;
    readonly x1: number;
    readonly y1: number;
    readonly x2: number;
    readonly y2: number;
  }
  export interface OpenTypeFont {
    readonly unitsPerEm: number;
    charToGlyphIndex(character: string): number;
    getEnglishName(name: string): string | undefined;
    getPaths(
      text: string,
      x: number,
      y: number,
      size: number,
      options: { readonly kerning: boolean },
    ): { readonly commands: readonly PathCommand[] }[];
  }
  const opentype: { parse(bytes: ArrayBuffer): OpenTypeFont };
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it.
  export default opentype;
}
