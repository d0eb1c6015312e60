import { join } from 'node:path';

/**
 * Environment that the reference trainer gets in addition, on top of what the configuration and our own environment say: it
 * tells its stacks when SIGQUIT asks for them, and memory that is new to it costs few page faults.
 */
export function referenceTrainerEnv(
  configured: Readonly<Record<string, string>>,
  attemptFolder: string,
): Record<string, string> {
  const given = (name: string) => configured[name] ?? process.env[name] ?? '';
  const report = `--report-on-signal --report-signal=SIGQUIT --report-directory=${join(attemptFolder, 'hang')}`;
  return {
    NODE_OPTIONS: `${given('NODE_OPTIONS')} ${report}`.trim(),
    ...allocatorSettings(given('GLIBC_TUNABLES')),
  };
}

/**
 * Settings of the GNU C library (docs/checkpoints.md): it asks for huge pages, where the kernel leaves the choice to programs, and
 * takes arrays of up to 32 MiB from memory that it keeps. It comes to these two limits by itself, once it has freed such arrays; a
 * resume makes all of its own before that.
 */
const tunables = {
  'glibc.malloc.hugetlb': 1,
  'glibc.malloc.mmap_threshold': 32 << 20,
  'glibc.malloc.trim_threshold': 64 << 20,
} as const;

/** What is set already stays as it is. */
function allocatorSettings(given: string): Record<string, string> {
  if (process.platform !== 'linux') return {};
  const added = Object.entries(tunables).filter(([name]) => !given.includes(name));
  const settings = [given, ...added.map(([name, value]) => `${name}=${value}`)].filter((text) => text !== '');
  return { GLIBC_TUNABLES: settings.join(':') };
}
