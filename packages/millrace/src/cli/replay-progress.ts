import type { VersionStatus } from '../rollups/version-status.ts';
import { duration, type Terminal, thousands } from './import-progress.ts';

const shownEveryMs = 100;
const linesEveryMs = 5_000;

/** Shows how far versions are that are being filled: on a terminal one line that is drawn anew. */
export class ReplayProgress {
  readonly #out: Terminal;
  readonly #now: () => number;
  readonly #first = new Map<string, { readonly at: number; readonly filled: number }>();
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(out: Terminal, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(filling: readonly VersionStatus[]): void {
    const at = this.#now();
    const everyMs = this.#out.isTTY ? shownEveryMs : linesEveryMs;
    if (filling.length === 0 || at - this.#shownAt < everyMs) return;
    this.#shownAt = at;
    const text = filling.map((version) => this.#text(version, at)).join('; ');
    if (this.#out.isTTY)
      this.#out.write(`\r\x1b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
    else this.#out.write(`${text}\n`);
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[2K');
  }

  #text({ rollup, version, events_to_fill: of, events_filled: filled }: VersionStatus, at: number) {
    const name = `${rollup} v${version}`;
    const first = this.#first.get(name) ?? { at, filled };
    this.#first.set(name, first);
    const seconds = (at - first.at) / 1_000;
    const perSecond = seconds > 0.5 ? (filled - first.filled) / seconds : 0;
    const parts = [
      `${name}: ${thousands(filled)} of ${thousands(of)} events`,
      ...(perSecond > 0
        ? [`${thousands(perSecond)} events/s`, `${duration((of - filled) / perSecond)} left`]
        : []),
    ];
    return parts.join('  ');
  }
}
