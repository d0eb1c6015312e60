/** The commands of `supervise-train` besides the plain form, with what each does. Loaded at every start, so it imports nothing. */
export const trainerSummaries = {
  evaluate: 'Score a trained model on a data set: PSNR, SSIM, CER and WER',
  restore: 'Restore PNG images of any size with a trained model',
  dataset: 'Make a data set of degraded handwriting, from digits or fonts, as TFRecord files',
  recognizer: 'Train the recognizer that restored lines are scored by',
} as const;

export type TrainerCommandName = keyof typeof trainerSummaries;

/** Whether the first word of a command line is a command. */
export function isTrainerCommand(word: string | undefined): word is TrainerCommandName {
  return word !== undefined && Object.hasOwn(trainerSummaries, word);
}
