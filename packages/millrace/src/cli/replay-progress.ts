import { duration, type Terminal, thousands } from './import-progress.ts';

const shownEveryMs = 100;
const linesEveryMs = 5_000;

export interface Filling {
  readonly what: string;
  /** Events that it has, … */
  readonly done: number;
  /** … and is to have. */
  readonly of: number;
}

/** Shows how far what is being filled is: on a terminal one line that is drawn anew. */
export class ReplayProgress {
  readonly #out: Terminal;
  readonly #now: () => number;
  readonly #first = new Map<string, { readonly at: number; readonly done: number }>();
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(out: Terminal, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(filling: readonly Filling[]): void {
    const at = this.#now();
    const everyMs = this.#out.isTTY ? shownEveryMs : linesEveryMs;
    if (filling.length === 0 || at - this.#shownAt < everyMs) return;
    this.#shownAt = at;
    const text = filling.map((one) => this.#text(one, at)).join('; ');
    if (this.#out.isTTY)
      this.#out.write(`\r\x1b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
    else this.#out.write(`${text}\n`);
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[2K');
  }

  #text({ what, done, of }: Filling, at: number): string {
    const first = this.#first.get(what) ?? { at, done };
    this.#first.set(what, first);
    const seconds = (at - first.at) / 1_000;
    const perSecond = seconds > 0.5 ? (done - first.done) / seconds : 0;
    const parts = [
      `${what}: ${thousands(done)} of ${thousands(of)} events`,
      ...(perSecond > 0
        ? [`${thousands(perSecond)} events/s`, `${duration((of - done) / perSecond)} left`]
        : []),
    ];
    return parts.join('  ');
  }
}
