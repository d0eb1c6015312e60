export { evaluateRecognizer } from './evaluate-recognizer.js';
export { digitLines } from './recognizer-lines.js';
export type { ModelCard } from './save-recognizer.js';
export { type RecognizerTraining, trainRecognizer } from './train-recognizer.js';
