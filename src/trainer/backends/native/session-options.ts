/**
 * C++ that gives graphs their session options, which the package's binding takes as they come. TensorFlow goes twice over a
 * graph with all that it knows, and the second time finds nothing in a recorded step: once is half of the wait for the first
 * step. On the processor, two passes that are for graphics cards are left out as well. The binding is compiled with
 * {@link sessionDefines}, so that it asks here.
 */
export function sessionOptions(isForProcessor: boolean): string {
  // Protocol buffer fields, as number and value: meta_optimizer_iterations ONE; memory_optimization NO_MEM_OPT, layout OFF.
  const rewriter = [0x60, 1, ...(isForProcessor ? [0x20, 1, 0x08, 2] : [])];
  // ConfigProto.graph_options.rewrite_options, each field 10.
  const config = [0x52, rewriter.length + 2, 0x52, rewriter.length, ...rewriter];
  return `#undef TF_NewSessionOptions
#include "tensorflow/c/c_api.h"

extern "C" TF_SessionOptions* supervise_session_options(void) {
  static const unsigned char config[] = {${config.join(', ')}};
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_Status* status = TF_NewStatus();
  // What a TensorFlow does not take, it does without.
  TF_SetConfig(options, config, sizeof config, status);
  TF_DeleteStatus(status);
  return options;
}
`;
}

/** Flags of the compiler for the package's own sources. */
export const sessionDefines: readonly string[] = ['-DTF_NewSessionOptions=supervise_session_options'];
