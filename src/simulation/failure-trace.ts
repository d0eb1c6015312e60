import { createQueue } from './queue.js';
import { drawLifetime, type Lifetime, type Random } from './random.js';

/** What a failing machine does to the run: ends its process, makes it hang, or takes the machine away until it is replaced. */
export type FaultKind = 'crash' | 'hang' | 'machine-lost';

export interface Fault {
  /** Seconds since the run began. */
  readonly at: number;
  readonly kind: FaultKind;
}

/** Machines that fail independently of each other, and shares of what a failure is; the rest are crashes. */
export interface Machines {
  readonly count: number;
  readonly lifetime: Lifetime;
  readonly hangShare: number;
  readonly lostShare: number;
}

/** The failures of all machines in the order of time, without end. */
export function* traceFailures(machines: Machines, random: Random): Generator<Fault, never> {
  const times = machines.lifetime.shape === 1 ? traceTogether(machines, random) : traceEach(machines, random);
  for (;;) yield { at: times.next().value, kind: drawKind(machines, random()) };
}

/** Machines without memory fail together like one machine that fails `count` times as often. */
function* traceTogether({ count, lifetime }: Machines, random: Random): Generator<number, never> {
  const together = { ...lifetime, meanSecs: lifetime.meanSecs / count };
  let at = 0;
  for (;;) {
    at += drawLifetime(together, random);
    yield at;
  }
}

/** Every machine is renewed when it fails. They have worked for long before the run, so that none of them is new. */
function* traceEach({ count, lifetime }: Machines, random: Random): Generator<number, never> {
  const queue = createQueue<undefined>();
  for (let machine = 0; machine < count; machine++) {
    let at = -agedLifetimes * lifetime.meanSecs * (1 + random());
    while (at < 0) at += drawLifetime(lifetime, random);
    queue.add(at, undefined);
  }
  for (;;) {
    const at = queue.next()?.at ?? Number.POSITIVE_INFINITY;
    yield at;
    queue.add(at + drawLifetime(lifetime, random), undefined);
  }
}

const agedLifetimes = 3;

function drawKind({ hangShare, lostShare }: Machines, draw: number): FaultKind {
  if (draw < hangShare) return 'hang';
  return draw < hangShare + lostShare ? 'machine-lost' : 'crash';
}
