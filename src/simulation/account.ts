/** What the time of a run went to. Their seconds add up to its wall time. */
export const timeParts = [
  /** Training, whether its result stayed or not. */
  'training',
  'saving',
  'hanging',
  /** From the relaunch to the first new step. */
  'starting',
  /** From the end of a trainer to the relaunch, without the two below. */
  'relaunching',
  'backingOff',
  /** For a machine that has to be replaced. */
  'waiting',
] as const;

export type TimePart = (typeof timeParts)[number];

/** Seconds by part, added up while the clock goes on. */
export interface Account {
  /** What passed until `at` belongs to this part. */
  readonly pass: (at: number, part: TimePart) => void;
  readonly parts: () => Readonly<Record<TimePart, number>>;
}

export function openAccount(): Account {
  const parts = Object.fromEntries(timeParts.map((part) => [part, 0])) as Record<TimePart, number>;
  let clock = 0;
  return {
    pass: (at, part) => {
      parts[part] += at - clock;
      clock = at;
    },
    parts: () => parts,
  };
}
