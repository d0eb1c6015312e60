/** An open file of records, numbered from 0. */
export interface RecordFile {
  readonly path: string;
  /** Number of records. */
  readonly size: number;
  /** Compressed: reading goes from front to back only, so that order decides what a read costs. */
  readonly isSequential: boolean;
  /** Byte at which a record starts, of the uncompressed data. */
  readonly offsetOf: (record: number) => number;
  /**
   * Reads the data of one record and checks its CRC; reads one after the other where the file is sequential, best in order.
   * @throws DATA_CORRUPT naming file, record and byte offset; RangeError for a record that does not exist
   */
  readonly read: (record: number) => Promise<Buffer>;
  /** Reads all records from front to back. */
  readonly records: () => AsyncGenerator<Buffer, void, void>;
  readonly close: () => Promise<void>;
}
