import type { AppendReceipt } from '../../ports/log.ts';
import { encodeMarks, frameHeaderBytes, type Marks, sealFrame } from './frame.ts';
import { GrowingBuffer } from './growing-buffer.ts';

export interface Waiter {
  readonly receipt: AppendReceipt;
  readonly resolve: (receipt: AppendReceipt) => void;
  readonly reject: (error: Error) => void;
}

/** Blocks that groups use one after another. */
export interface GroupBuffers {
  readonly frame: GrowingBuffer;
  readonly ids: GrowingBuffer;
}

export const newGroupBuffers = (): GroupBuffers => ({
  frame: new GrowingBuffer(256 * 1024),
  ids: new GrowingBuffer(16 * 1024),
});

/** Records gathered while the group before them is being written: one frame to be. */
export class Group {
  /** When its records count as appended (ms since the epoch). */
  readonly at: number;
  readonly waiters: Waiter[] = [];
  /** Free for another group once this one is written. */
  readonly buffers: GroupBuffers;
  readonly #marks = new Map<string, number>();
  #records = 0;

  constructor(at: number, buffers: GroupBuffers) {
    this.at = at;
    this.buffers = buffers;
    buffers.ids.clear();
    buffers.frame.clear();
    buffers.frame.skip(frameHeaderBytes);
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.buffers.frame.length;
  }

  get ids(): Buffer {
    return this.buffers.ids.bytes;
  }

  get marks(): Marks {
    return [...this.#marks];
  }

  /** `lines`: the records, each with its newline. `ids` is copied. */
  add(lines: string, records: number, ids: Uint8Array): void {
    this.buffers.frame.appendText(lines);
    this.buffers.ids.append(ids);
    this.#records += records;
  }

  mark(producer: string, position: number): void {
    this.#marks.set(producer, position);
  }

  /** The frame, to be written with its first record at `base`. Nothing may be added after. */
  seal(base: number, seed: number): Buffer {
    const marks = encodeMarks(this.marks);
    const linesBytes = this.buffers.frame.length - frameHeaderBytes;
    this.buffers.frame.append(this.ids);
    this.buffers.frame.append(marks);
    const frame = this.buffers.frame.bytes;
    sealFrame(
      frame,
      {
        linesBytes,
        records: this.#records,
        idsBytes: this.ids.length,
        marksBytes: marks.length,
        base,
        appendedAt: this.at,
      },
      seed,
    );
    return frame;
  }
}
