import { join } from 'node:path';

/**
 * Environment that the reference trainer gets in addition, on top of what the configuration and our own environment say: it
 * tells its stacks when SIGQUIT asks for them, and its large arrays lie in huge pages.
 */
export function referenceTrainerEnv(
  configured: Readonly<Record<string, string>>,
  attemptFolder: string,
): Record<string, string> {
  const given = (name: string) => configured[name] ?? process.env[name] ?? '';
  const report = `--report-on-signal --report-signal=SIGQUIT --report-directory=${join(attemptFolder, 'hang')}`;
  return {
    NODE_OPTIONS: `${given('NODE_OPTIONS')} ${report}`.trim(),
    ...hugePages(given('GLIBC_TUNABLES')),
  };
}

/** The GNU C library then asks for huge pages, where the kernel leaves the choice to programs: fewer page faults (docs/checkpoints.md). */
function hugePages(given: string): Record<string, string> {
  if (process.platform !== 'linux' || given.includes('glibc.malloc.hugetlb')) return {};
  return { GLIBC_TUNABLES: [given, 'glibc.malloc.hugetlb=1'].filter((text) => text !== '').join(':') };
}
