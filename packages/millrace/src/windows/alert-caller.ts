import { createHash, createHmac } from 'node:crypto';
import { Backoff } from '../load/backoff.ts';
import type { AlertProgressKeeper } from '../ports/alert-progress.ts';
import type { Clock } from '../ports/clock.ts';
import type { Webhook } from '../ports/webhook.ts';
import { Turns } from '../turns.ts';
import type { ResultPlace, WindowResult, WindowResults } from './window-results.ts';

export interface AlertCallerOptions {
  readonly alert: string;
  readonly window: string;
  /** The columns that tell the results of one window apart. */
  readonly dimensions: readonly string[];
  readonly url: string;
  /** Signs what is sent, so that the receiver can tell that it comes from here. */
  readonly secret: string;
  /** Those that the alert is about. */
  readonly results: WindowResults;
  /** Names the results, whose places mean nothing among others. */
  readonly of: string;
  readonly progress: AlertProgressKeeper;
  readonly webhook: Webhook;
  readonly clock: Clock;
  /** Told of each failed try. */
  readonly onRetry: (error: unknown) => void;
}

/** A result whose call fails for longer than this is given up, so that later ones come through. */
const giveUpAfterMs = 24 * 3_600_000;

/**
 * Calls a webhook with each result that an alert is about, in their order, at
 * least once: that a call was answered is saved after it, so a crash between
 * repeats it, with the same id.
 *
 * `Millrace-Id` is the same for each try. `Millrace-Signature` is
 * `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY` under the secret.
 */
export class AlertCaller {
  readonly #options: AlertCallerOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(1_000, 300_000);
  readonly #saves = new Turns();
  #running: Promise<void> | undefined;
  /** Behind the newest result whose call is over. */
  #place: ResultPlace | undefined;
  #lastFailure: { readonly atMs: number; readonly message: string } | null = null;

  constructor(options: AlertCallerOptions) {
    this.#options = options;
  }

  get alert(): string {
    return this.#options.alert;
  }

  get window(): string {
    return this.#options.window;
  }

  /** Why and when (epoch ms) a call failed last, or what comes before and after it. */
  get lastFailure(): { readonly atMs: number; readonly message: string } | null {
    return this.#lastFailure;
  }

  /** How many results wait for their call to be answered, up to `countMax`; null until it has begun. */
  async pending(countMax: number): Promise<number | null> {
    return this.#place === undefined ? null : this.#options.results.count(this.#place, countMax);
  }

  /**
   * Saves where it is, for whoever takes results away that it is past.
   *
   * @returns it has yet to look at results of windows that end then (epoch ms) or later; null while it
   *   has not begun.
   */
  keepPlace(): Promise<number | null> {
    return this.#saves.take(async () => {
      const place = this.#place;
      if (place === undefined) return null;
      await this.#options.progress.save({ of: this.#options.of, ...place });
      return place.endMs;
    });
  }

  /** Begins where it was left; a new alert, and one that is about other results now, with the next result. */
  start(): void {
    this.#running = this.#run();
  }

  /** Gives up the call under way, which is made again next time. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#place ??= await this.#begin();
        this.#place = await this.#goOn(this.#place);
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#tell(error);
        await this.#backoff.wait(signal);
      }
    }
  }

  async #begin(): Promise<ResultPlace> {
    const { progress, of, results } = this.#options;
    const saved = await progress.read();
    if (saved?.of === of) return saved;
    const { newest } = results;
    await progress.save({ of, ...newest });
    return newest;
  }

  /** One result further, or until there are more. */
  async #goOn(place: ResultPlace): Promise<ResultPlace> {
    const { results } = this.#options;
    const { newest } = results;
    const [result] = await results.read(place, 1);
    if (result === undefined) {
      // What was looked through is not looked through again.
      await results.more(newest, this.#stopping.signal);
      return newest;
    }
    await this.#call(result);
    await this.#saves.take(async () => {
      const { progress, of } = this.#options;
      await progress.save({ of, ...result.place });
      this.#place = result.place;
    });
    return result.place;
  }

  async #call({ json }: WindowResult): Promise<void> {
    const { alert, window, url, secret, webhook, clock } = this.#options;
    const row: { readonly [column: string]: unknown } = JSON.parse(json);
    const id = this.#idOf(row);
    const body = `{"id":"${id}","alert":"${alert}","window":"${window}","result":${json}}`;
    const seconds = Math.floor(clock.now() / 1_000);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    try {
      const status = await webhook.post({
        url,
        headers: {
          'Content-Type': 'application/json',
          'Millrace-Id': id,
          'Millrace-Signature': `t=${seconds},v1=${signature}`,
        },
        body,
        signal: this.#stopping.signal,
      });
      if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
    } catch (error) {
      const isOld = clock.now() - Date.parse(String(row.emitted_at)) > giveUpAfterMs;
      if (!isOld || this.#stopping.signal.aborted) throw error;
      this.#tell(new Error(`the call ${id} is given up after a day`, { cause: error }));
    }
  }

  #tell(error: unknown): void {
    const { clock, onRetry } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    this.#lastFailure = { atMs: clock.now(), message };
    onRetry(error);
  }

  #idOf(row: { readonly [column: string]: unknown }): string {
    const { alert, of, dimensions } = this.#options;
    const key = ['window_start', 'window_end', ...dimensions].map((name) => row[name]);
    return createHash('sha256')
      .update(JSON.stringify([alert, of, ...key]))
      .digest('hex')
      .slice(0, 32);
  }
}
