import { ExitCode } from '../../protocol/index.js';
import type { DescribedCommand } from '../commands/command.js';
export const dataset: DescribedCommand = {
  operands: '',
  about: '',
  options: {},
  mostOperands: 0,
  exitCodes: '',
  run: async () => ExitCode.ok,
};
