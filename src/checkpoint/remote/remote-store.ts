/** What is put: read in parts, in any order, and again when a part has to be sent again. */
export interface PartSource {
  readonly size: number;
  readonly partBytes: number;
  readonly read: (part: number) => Promise<Uint8Array>;
}

export interface RemoteObject {
  readonly key: string;
  readonly size: number;
}

/**
 * A place for objects by key, with slashes in it. An object is there as a whole or not at all.
 * Every function throws RemoteError once trying again has not helped.
 */
export interface RemoteStore {
  /** For the user: no keys in it. */
  readonly url: string;
  /** Where the credentials come from; undefined when none are needed. */
  readonly credentials: string | undefined;
  readonly list: (prefix: string) => Promise<RemoteObject[]>;
  readonly put: (key: string, source: PartSource) => Promise<void>;
  readonly read: (key: string, offset: number, length: number) => Promise<Uint8Array>;
  /** What is not there is removed already. */
  readonly remove: (key: string) => Promise<void>;
}

/** Bytes in memory, as one part. */
export function sourceOf(bytes: Uint8Array): PartSource {
  return { size: bytes.length, partBytes: Math.max(1, bytes.length), read: async () => bytes };
}
