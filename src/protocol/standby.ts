/** The line that lets a standing-by process begin; the end of its input without one tells it to end. */
export interface GoMessage {
  /** Whether there is a checkpoint to resume from. */
  readonly resume: boolean;
}

export function formatGo({ resume }: GoMessage): string {
  return `${JSON.stringify({ resume })}\n`;
}

/** Parses the line; undefined for anything else. Never throws. */
export function parseGo(line: string): GoMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const resume = (value as { resume?: unknown } | null)?.resume;
    return typeof resume === 'boolean' ? { resume } : undefined;
  } catch {
    return undefined;
  }
}
