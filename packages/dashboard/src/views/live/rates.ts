import { askSql } from '../../api/sql.ts';

/** How long the chart looks back. */
export const seconds = 180;

/** What the store was told last is not to be asked yet. */
const lagSeconds = 3;

const now = (): number => Math.floor(Date.now() / 1000);

export interface RatesShown {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  /** Events a second. */
  readonly values: readonly number[];
}

/** Events per second of the last three minutes. */
export class Rates {
  /** Events by second of the epoch. */
  readonly #counts = new Map<number, number>();
  #newest = now() - lagSeconds;
  #last: { readonly atMs: number; readonly accepted: number } | undefined;

  /** Takes what the store knows of the last minutes, for a page that was not there to see it. */
  async recall(): Promise<void> {
    const rows = await askSql<readonly [number, number]>(
      `SELECT toUInt32(toUnixTimestamp(received_at)), toUInt32(count()) FROM events
       WHERE received_at >= now64(3) - INTERVAL ${seconds} SECOND
       GROUP BY 1 FORMAT JSONCompactEachRow`,
    );
    this.#counts.clear();
    this.#newest = now() - lagSeconds;
    for (const [second, count] of rows) if (second <= this.#newest) this.#counts.set(second, count);
    this.#last = undefined;
  }

  /** @param accepted all events so far */
  observe(accepted: number): void {
    const atMs = Date.now();
    const last = this.#last;
    if (last !== undefined && atMs > last.atMs) {
      const perSecond = (1000 * Math.max(0, accepted - last.accepted)) / (atMs - last.atMs);
      while (this.#newest < now() - 1) {
        this.#newest += 1;
        this.#counts.set(this.#newest, perSecond);
        this.#counts.delete(this.#newest - seconds);
      }
    }
    this.#last = { atMs, accepted };
  }

  shown(): RatesShown {
    const oldest = this.#newest - seconds + 1;
    const times = Array.from({ length: seconds }, (_, i) => oldest + i);
    return { times, values: times.map((second) => this.#counts.get(second) ?? 0) };
  }
}
