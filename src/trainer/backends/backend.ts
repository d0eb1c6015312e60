/** Where tensors are computed. */
export type BackendName = 'tensorflow' | 'webgpu' | 'wasm' | 'cpu';

/** A backend that has been started and made the current one of tfjs. */
export interface LoadedBackend {
  readonly name: BackendName;
  /** What computes, in words. */
  readonly device: string;
  /** Version of the library that computes, where it is not tfjs's own. */
  readonly version?: string;
  /** Whether it computes on a graphics card. */
  readonly isGpu?: boolean;
}
