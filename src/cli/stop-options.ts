/** How a run is asked to end. */
export interface StopOptions {
  readonly runDir: string;
  /** Do not wait for the trainer to save. */
  readonly force: boolean;
  readonly tell: (line: string) => void;
}
