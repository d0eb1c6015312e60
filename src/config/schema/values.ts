import { z } from 'zod';

// One file is parsed once: to compile a parser for it costs more than it saves.
z.config({ jitless: true });

/** A whole number from 0. */
export const count = z.number().int().nonnegative();
/** A whole number from 1. */
export const positive = z.number().int().positive();
/** A time in milliseconds. */
export const milliseconds = z.number().int().nonnegative();
/** What a loss counts for. */
export const weight = z.number().nonnegative();
/** A path of a file or folder. */
export const path = z.string().min(1);
/** A number from 0 to 1. */
export const fraction = z.number().min(0).max(1);
