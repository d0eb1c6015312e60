// Figures of samples.

/** `{ median, p95, least, most, count }` of numbers, rounded to three significant places after the point. */
export function summarize(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: round(quantile(sorted, 0.5)),
    p95: round(quantile(sorted, 0.95)),
    least: round(sorted[0]),
    most: round(sorted.at(-1)),
    count: sorted.length,
  };
}

function quantile(sorted, fraction) {
  const at = (sorted.length - 1) * fraction;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

const round = (value) => Math.round(value * 1000) / 1000;

/** The middle one of these numbers as it was measured, the upper of two; 0 of none. */
export function median(values) {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
