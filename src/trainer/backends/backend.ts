/** Where tensors are computed. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** A backend that has been started and made the current one of tfjs. */
export interface LoadedBackend {
  readonly name: BackendName;
  /** What computes, in words. */
  readonly device: string;
}
