export { type Converted, exportSafetensors, importSafetensors } from './convert.js';
export { openSafetensors, type Safetensors } from './open-safetensors.js';
export { writeSafetensors } from './write-safetensors.js';
