export * from './error-rate.js';
export * from './greedy-decode.js';
export * from './psnr.js';
export * from './ssim.js';
