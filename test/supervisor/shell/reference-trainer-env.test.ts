import { afterEach, expect, test, vi } from 'vitest';
import { referenceTrainerEnv } from '../../../src/supervisor/shell/reference-trainer-env.js';

afterEach(() => vi.unstubAllEnvs());

test('what the configuration says comes first, and ours is added to it', () => {
  const env = referenceTrainerEnv({ NODE_OPTIONS: '--import=x', GLIBC_TUNABLES: 'glibc.malloc.check=1' }, '/run/1');
  expect(env['NODE_OPTIONS']).toBe(
    '--import=x --report-on-signal --report-signal=SIGQUIT --report-directory=/run/1/hang',
  );
  if (process.platform !== 'linux') return;
  expect(env['GLIBC_TUNABLES']).toBe(
    'glibc.malloc.check=1:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864',
  );
});

test.skipIf(process.platform !== 'linux')('what somebody has decided about memory is decided', () => {
  vi.stubEnv('GLIBC_TUNABLES', 'glibc.malloc.hugetlb=0:glibc.malloc.mmap_threshold=1048576');
  expect(referenceTrainerEnv({}, '/run/1')['GLIBC_TUNABLES']).toBe(
    'glibc.malloc.hugetlb=0:glibc.malloc.mmap_threshold=1048576:glibc.malloc.trim_threshold=67108864',
  );
});
