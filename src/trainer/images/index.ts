export * from './gray-image.js';
export * from './sample-sheet.js';
