import { globSync } from 'tinyglobby';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, longest first: begun last, one of them would keep a single core busy at the end. */
const longest = [
  'e2e/crash-injection',
  'trainer/capture/capture-step',
  'e2e/hangs',
  'e2e/damaged-checkpoint',
  'e2e/supervisor',
  'e2e/foreign-checkpoints',
  'e2e/unsaved',
  'e2e/python-checkpoint',
  'cli/commands/verify-resume',
  'cli/commands/background',
  'cli/trainer/model-commands',
  'e2e/disk-trouble',
  'e2e/step-checkpoints',
  'cli/trainer/dataset',
  'e2e/chaos',
  'cli/commands/chaos',
  'e2e/remedies',
  'trainer/recognizer/keras-import',
  'e2e/smoke',
  'e2e/warm-spare',
  'trainer/data/tensorflow',
  'trainer/models/accumulate',
  'trainer/models/architectures',
  'supervisor/properties',
  'trainer/models/gan-step',
  'trainer/loop/settings-act',
  'simulation/simulate',
].map((name) => `/test/${name}.test.ts`);

/** Tests of functions, which leave a process as they found it. */
const pure = [
  ...['bench', 'chaos', 'config', 'docs', 'protocol', 'simulation'].map((folder) => `test/${folder}/**/*.test.ts`),
  ...['supervisor', 'checkpoint', 'checkpoint/{foreign,hdf5,inspect,safetensors}'].map(
    (folder) => `test/${folder}/*.test.ts`,
  ),
  'test/trainer/{data,handwriting,images,loop,losses,metrics,models,nn,random,recognizer,restoration}/**/*.test.ts',
];

/** Tests of commands, which start processes and leave their own as they found it. Everything else is isolated. */
const processes = ['cli', 'e2e', 'checkpoint/remote', 'supervisor/shell'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

/** What measures processor time, which is that of a whole process, or starts or changes things that stay. */
const exceptions = [
  '**/hostile-files.test.ts',
  'test/supervisor/run-lock.test.ts',
  // They know which processes they have seen, or whether there is a GPU's tool.
  'test/supervisor/shell/{find-run-processes,parked-launch,held-memory}.test.ts',
  'test/trainer/loop/memory-pool.test.ts',
];

/** Programs for a graphics card that are compiled for the processor take most of a minute: npm run test:webgpu. */
const slow = 'test/webgpu/**';

const projects = ['isolated', 'processes', 'pure'];
const shared = globSync([...processes, ...pure], { ignore: exceptions });

/** Projects one after another, each longest first: the processes of one that is not isolated live until no more of it comes. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId, project }: TestSpecification) => {
      const at = longest.findIndex((ending) => moduleId.endsWith(ending));
      return projects.indexOf(project.name) * (longest.length + 1) + (at < 0 ? longest.length : at);
    };
    return (await super.sort(files)).sort((left, right) => rankOf(left) - rankOf(right));
  }
}

export default defineConfig({
  test: {
    // Real processes are waited for, on machines that may be busy: what hangs is ended by this, nothing is measured by it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    setupFiles: 'test/equal-bytes.ts',
    // Many tests wait for processes of theirs: two would leave a core idle now and then, whatever the machine has.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'isolated', include: ['test/**/*.test.ts'], exclude: [...shared, slow] } },
      // TensorFlow.js and zod take longer to load than most of these tests: a process takes one file after another.
      { extends: true, test: { name: 'processes', include: processes, exclude: exceptions, isolate: false } },
      { extends: true, test: { name: 'pure', include: pure, exclude: exceptions, isolate: false } },
    ],
  },
});
