/** Lines of a log with the judgement of each: may it tell why the trainer ended? */
export interface JudgedLog {
  readonly lines: readonly string[];
  /** Positions that may. The others are warnings, or errors after which the trainer went on working. */
  readonly fatal: readonly boolean[];
}

const longestLine = 500;
const mostLines = 200;

/** NCCL marks its errors WARN; `W` in front is how glog and TensorFlow mark a warning. */
const warning =
  /\bWARN(ING)?\b|\w*Warning:|: W (tensorflow|external)|^W\d{4} |\bretry(ing)?\b|\bskipping\b|will (ignore|be ignored)|Exception ignored in/i;
/** What is raised is no warning, whatever words its message has. */
const noWarning = /\bNCCL WARN\b|^\W*(\[\w+\]:\s*)?[\w.]+(Error|Exception): /;

/** A line that reports work, with what numbers the step: `Epoch 3`, `step: 120`, `17/387 [05:25<`, `'loss': 0.9`. */
const work = /\b(?:epoch|step|iter(?:ation)?)\b\W{0,4}\d[\d/.]*|\b\d+\/\d+ ?\[\d+:\d+|\bloss['"]?[:=] ?\d[\d.]*/i;

/** So many different steps after an error prove that it was survived; one may be a progress bar that is drawn once more. */
const stepsThatProveLife = 2;

/** Judges the last 200 lines of a log. Long lines are cut to 500 characters. */
export function judgeLog(tail: readonly string[]): JudgedLog {
  const lines = tail.slice(-mostLines).map((line) => line.slice(0, longestLine));
  const fatal: boolean[] = new Array(lines.length).fill(false);
  const stepsAfter = new Set<string>();
  for (let position = lines.length - 1; position >= 0; position--) {
    const line = lines[position] ?? '';
    fatal[position] = stepsAfter.size < stepsThatProveLife && (!warning.test(line) || noWarning.test(line));
    const step = work.exec(line)?.[0];
    if (step !== undefined) stepsAfter.add(step);
  }
  return { lines, fatal };
}
