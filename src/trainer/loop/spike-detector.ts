const keptLosses = 200;
const leastLosses = 50;

/**
 * Tells losses that lie beyond `deviations` scaled median absolute deviations above the median of the latest ones; 0 switches
 * it off. Returns the threshold that was passed, or undefined.
 */
export function createSpikeDetector(deviations: number): (loss: number) => number | undefined {
  const latest: number[] = [];
  return (loss) => {
    const threshold = deviations > 0 && latest.length >= leastLosses ? thresholdOf(latest, deviations) : undefined;
    if (threshold !== undefined && loss > threshold) return threshold;
    latest.push(loss);
    if (latest.length > keptLosses) latest.shift();
    return undefined;
  };
}

function thresholdOf(values: readonly number[], deviations: number): number {
  const middle = median(values);
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  return middle + deviations * Math.max(spread, Math.abs(middle) * 1e-3);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
