/** What nvidia-smi says of one GPU; undefined is what it does not know. */
export interface Gpu {
  readonly index: string;
  readonly uuid: string;
  readonly name: string;
  readonly degrees: number | undefined;
  readonly totalMiB: number | undefined;
  readonly usedMiB: number | undefined;
  /** Uncorrected errors of the GPU's memory since the driver was loaded. */
  readonly eccErrors: number | undefined;
}

/** The fields to ask nvidia-smi for, in the order of `parseGpus`. */
export const gpuFields = [
  'index',
  'uuid',
  'name',
  'temperature.gpu',
  'memory.total',
  'memory.used',
  'ecc.errors.uncorrected.volatile.total',
] as const;

/** Parses `--format=csv,noheader,nounits`; lines that are none of it are left out. `[N/A]` and the like are unknown. Pure. */
export function parseGpus(text: string): Gpu[] {
  return text.split('\n').flatMap((line) => {
    const [index, uuid, name, degrees, total, used, ecc] = line.split(',').map((field) => field.trim());
    if (index === undefined || !/^\d+$/.test(index) || uuid === undefined || name === undefined) return [];
    return [
      {
        ...{ index, uuid, name },
        degrees: toNumber(degrees),
        totalMiB: toNumber(total),
        usedMiB: toNumber(used),
        eccErrors: toNumber(ecc),
      },
    ];
  });
}

function toNumber(field: string | undefined): number | undefined {
  return field !== undefined && /^\d+(\.\d+)?$/.test(field) ? Number(field) : undefined;
}
