export type { GrayImage } from './gray-image.js';
export * from './png.js';
export * from './resize.js';
export * from './sample-sheet.js';
