import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, longest first: begun last, one of them would keep a single core busy at the end. */
const longest = [
  'e2e/crash-injection',
  'trainer/capture/capture-step',
  'e2e/hangs',
  'e2e/unsaved',
  'e2e/supervisor',
  'e2e/python-checkpoint',
  'e2e/step-checkpoints',
  'e2e/chaos',
  'cli/commands/chaos',
  'e2e/damaged-checkpoint',
  'e2e/remedies',
  'e2e/foreign-checkpoints',
  'cli/commands/verify-resume',
  'trainer/data/tensorflow',
  'e2e/smoke',
  'e2e/warm-spare',
  'cli/commands/background',
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((ending) => moduleId.endsWith(ending));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).sort((left, right) => rankOf(left) - rankOf(right));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes are waited for, on machines that may be busy: what hangs is ended by this, nothing is measured by it.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Many tests wait for processes of theirs: two would leave a core idle now and then, whatever the machine has.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
