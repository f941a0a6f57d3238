import type { AppendReceipt } from '../../ports/log.ts';
import { encodeMarks, frameHeaderBytes, type Marks, sealFrame } from './frame.ts';
import { GrowingBuffer } from './growing-buffer.ts';

export interface Waiter {
  readonly receipt: AppendReceipt;
  readonly resolve: (receipt: AppendReceipt) => void;
  readonly reject: (error: Error) => void;
}

/** Records gathered while the group before them is being written: one frame to be. */
export class Group {
  /** When its records count as appended (ms since the epoch). */
  readonly at: number;
  readonly waiters: Waiter[] = [];
  readonly #frame: GrowingBuffer;
  readonly #ids = new GrowingBuffer(1024);
  readonly #marks = new Map<string, number>();
  #records = 0;

  constructor(at: number, frame: GrowingBuffer) {
    this.at = at;
    this.#frame = frame;
    frame.clear();
    frame.skip(frameHeaderBytes);
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#frame.length;
  }

  get ids(): Buffer {
    return this.#ids.bytes;
  }

  get marks(): Marks {
    return [...this.#marks];
  }

  /** A group of waiters alone has nothing to write. */
  get isEmpty(): boolean {
    return this.#records === 0 && this.#marks.size === 0;
  }

  /** `lines`: the records, each with its newline. `ids` is copied. */
  add(lines: string, records: number, ids: Uint8Array): void {
    this.#frame.appendText(lines);
    this.#ids.append(ids);
    this.#records += records;
  }

  mark(producer: string, position: number): void {
    this.#marks.set(producer, position);
  }

  /** The frame, to be written with its first record at `base`. Nothing may be added after. */
  seal(base: number, seed: number): Buffer {
    const marks = encodeMarks(this.marks);
    const linesBytes = this.#frame.length - frameHeaderBytes;
    this.#frame.append(this.ids);
    this.#frame.append(marks);
    const frame = this.#frame.bytes;
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

  /** The block its frame was in, for the next group. */
  release(): GrowingBuffer {
    return this.#frame;
  }
}
