/** How often the machines of a cluster failed that somebody has written about. */
export interface PublishedCluster {
  readonly title: string;
  /** Failures per 1,000 machines and day. */
  readonly failuresPer1000NodeDays: number;
  readonly gpusPerNode: number;
  readonly source: string;
}

/**
 * Failure rates as published. What a source gives as a count of interruptions is divided by machines and days here; every
 * interruption is counted, whatever its cause.
 */
export const publishedClusters = {
  llama3: {
    title: 'Llama 3 405B pre-training: 419 unexpected interruptions in 54 days on 16,384 H100',
    failuresPer1000NodeDays: (419 / 54 / 2048) * 1000,
    gpusPerNode: 8,
    source: 'Grattafiori et al., The Llama 3 Herd of Models, arXiv:2407.21783 (2024), section 3.3.4',
  },
  'rsc-1': {
    title: 'RSC-1: 6.50 failures per 1,000 node-days over 11 months on 16,000 A100',
    failuresPer1000NodeDays: 6.5,
    gpusPerNode: 8,
    source:
      'Kokolis et al., Revisiting Reliability in Large-Scale Machine Learning Research Clusters, HPCA 2025, arXiv:2410.21680',
  },
  'rsc-2': {
    title: 'RSC-2: 2.34 failures per 1,000 node-days over 11 months on 8,000 A100',
    failuresPer1000NodeDays: 2.34,
    gpusPerNode: 8,
    source:
      'Kokolis et al., Revisiting Reliability in Large-Scale Machine Learning Research Clusters, HPCA 2025, arXiv:2410.21680',
  },
  opt: {
    title: 'OPT-175B: at least 105 restarts in two months on 992 A100',
    failuresPer1000NodeDays: (105 / 60 / 124) * 1000,
    gpusPerNode: 8,
    source: 'Zhang et al., OPT: Open Pre-trained Transformer Language Models, arXiv:2205.01068 (2022), section 2.5',
  },
} as const satisfies Record<string, PublishedCluster>;

export type PublishedClusterName = keyof typeof publishedClusters;

/**
 * Shape of the Weibull distribution of a machine's time between failures: 0.7 to 0.8 fit 23,000 failures of more than 20 systems.
 * Source: B. Schroeder and G. Gibson, A Large-Scale Study of Failures in High-Performance Computing Systems, DSN 2006.
 */
export const measuredWeibullShape = 0.75;

/**
 * Share of failures that say nothing (hangs, slow-downs, NaN): 5,948 of 44,184.
 * Source: Wan et al., Robust LLM Training Infrastructure at ByteDance, arXiv:2509.16293 (2025), table 1.
 */
export const measuredHangShare = 5948 / (38_236 + 5948);

const secsPerDay = 86_400;

/** Mean time (seconds) between two failures of one machine. */
export function meanSecsBetweenFailures({ failuresPer1000NodeDays }: PublishedCluster): number {
  return (1000 * secsPerDay) / failuresPer1000NodeDays;
}
