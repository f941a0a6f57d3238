/** Where a template has places to fill in. The text there must have the width it will always have. */
export interface Gaps {
  /** Decimal digits: each event's own number. */
  readonly counters: readonly RegExp[];
  /** All filled with the same text. */
  readonly times: RegExp;
}

/**
 * The bytes of some events, made once, in which ids and times are then written
 * in place: so that making load costs next to nothing.
 */
export class Template {
  readonly bytes: Buffer;
  readonly events: number;
  readonly #counters: readonly { readonly places: readonly number[]; readonly width: number }[];
  readonly #times: readonly number[];

  constructor(text: string, events: number, gaps: Gaps) {
    this.bytes = Buffer.from(text, 'latin1');
    this.events = events;
    this.#counters = gaps.counters.map((gap) => {
      const found = [...text.matchAll(gap)];
      if (found.length !== events) throw new Error(`${found.length} places of ${events}: ${gap}`);
      return { places: found.map(({ index }) => index), width: found[0]?.[0].length ?? 0 };
    });
    this.#times = [...text.matchAll(gaps.times)].map(({ index }) => index);
  }

  /** Numbers the events from `first` on. */
  fill(first: number, time: string): void {
    for (const { places, width } of this.#counters) {
      let value = first;
      for (const at of places) writeDigits(this.bytes, at, width, value++);
    }
    for (const at of this.#times) this.bytes.write(time, at, 'latin1');
  }
}

function writeDigits(bytes: Buffer, at: number, width: number, value: number): void {
  let rest = value;
  for (let digit = at + width - 1; digit >= at; digit -= 1) {
    const next = Math.floor(rest / 10);
    bytes[digit] = 0x30 + rest - next * 10;
    rest = next;
  }
}
