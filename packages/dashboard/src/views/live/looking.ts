// Listens to the server while the page can be seen, and asks what rollups say.
import { batch, signal } from '@preact/signals';
import type { LiveNumbers } from '../../../../millrace/dist/observe/live.js';
import { Away, KeyNeeded, Refused } from '../../api/ask.ts';
import { mayAsk, type PipelineDescription } from '../../api/pipeline.ts';
import { askSql } from '../../api/sql.ts';
import { streamEvents } from '../../api/stream.ts';
import type { EventRow } from './event-row.ts';
import { askLastEvents } from './last-events.ts';
import { withNewer } from './live-events.ts';
import { Rates, type RatesShown } from './rates.ts';
import type { CardAnswer, CardRow } from './rollup-card.tsx';
import { refusalsQuestion, rollupQuestion } from './rollup-questions.ts';

const everyMs = 1_000;
/** A store with much in it is asked less often: questions take at most this share of the time. */
const busyShareMax = 0.25;

/** How the page and the server get on, with what is told about it. */
export type Connection =
  | { readonly state: 'starting' | 'live' | 'paused' | 'away' }
  | { readonly state: 'failing' | 'notStoring'; readonly message: string };

export class Looking {
  readonly connection = signal<Connection>({ state: 'starting' });
  readonly paused = signal(false);
  readonly status = signal<LiveNumbers | undefined>(undefined);
  readonly rates = signal<RatesShown>({ times: [], values: [] });
  readonly events = signal<readonly EventRow[] | undefined>(undefined);
  readonly cards = signal<ReadonlyMap<string, CardAnswer>>(new Map());
  readonly questions;

  readonly #rates = new Rates();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What ends the listening that is under way. */
  #listening: AbortController | undefined;
  #asking = false;
  #ended = false;
  #restUntil = 0;
  #toldAt = 0;
  /** Whether the chart has a gap, because the page was not looking. */
  #missed = true;
  /** Whether the server tells of new events by itself: in a cluster it does not. */
  #isToldEvents = false;

  /** Whether the read key may ask for events: what is told and asked about them stands still without. */
  readonly #maySeeEvents: boolean;

  constructor(pipeline: PipelineDescription) {
    const refusals = mayAsk(pipeline, 'dead_letters') ? [refusalsQuestion] : [];
    this.questions = [...pipeline.rollups.map(rollupQuestion), ...refusals];
    this.#maySeeEvents = mayAsk(pipeline, 'events');
  }

  /** @returns what ends it */
  begin(): () => void {
    const onVisibility = (): void => {
      this.#missed ||= document.hidden;
      this.#goOn();
    };
    document.addEventListener('visibilitychange', onVisibility);
    this.#goOn();
    return () => {
      this.#ended = true;
      this.#goOn();
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }

  togglePause(): void {
    this.paused.value = !this.paused.value;
    this.#missed ||= this.paused.value;
    if (this.paused.value) this.connection.value = { state: 'paused' };
    this.#goOn();
  }

  get #resting(): boolean {
    return this.#ended || this.paused.value || document.hidden;
  }

  /** Begins or ends what is to be under way by now. */
  #goOn(): void {
    if (this.#resting) {
      clearTimeout(this.#timer);
      this.#listening?.abort();
      this.#listening = undefined;
      return;
    }
    if (this.#listening === undefined) {
      this.#listening = new AbortController();
      void this.#listen(this.#listening.signal);
    }
    void this.#turn();
  }

  async #listen(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      try {
        for await (const { event, data } of streamEvents('/v1/live', over)) this.#take(event, data);
        this.connection.value = { state: 'away' };
      } catch (error) {
        if (over.aborted || error instanceof KeyNeeded) return;
        this.#lost(error);
        // Asking again would bring the same.
        if (!this.#maySeeEvents) return;
      }
      this.#missed = true;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  #lost(error: unknown): void {
    if (error instanceof Away) this.connection.value = { state: 'away' };
    else if (error instanceof Refused)
      this.connection.value = { state: 'failing', message: error.message };
    else throw error;
  }

  #take(event: string, data: string): void {
    if (event === 'events') {
      this.#isToldEvents = true;
      this.events.value = withNewer(this.events.value ?? [], JSON.parse(data));
      return;
    }
    const status: LiveNumbers = JSON.parse(data);
    this.#toldAt = performance.now();
    batch(() => {
      this.status.value = status;
      this.#observe(status);
      this.#connected(status);
    });
  }

  #connected({ problem }: LiveNumbers): void {
    this.connection.value =
      problem === null ? { state: 'live' } : { state: 'notStoring', message: problem };
  }

  #observe({ accepted }: LiveNumbers): void {
    if (accepted !== null) this.#rates.observe(accepted);
    this.rates.value = this.#rates.shown();
  }

  /** Asks, and again in a second, what the server does not tell by itself. */
  async #turn(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#asking || this.#resting) return;
    this.#asking = true;
    const started = performance.now();
    try {
      await this.#ask();
      const status = this.status.value;
      const isBack = this.connection.value.state === 'failing' && !this.#resting;
      if (isBack && status !== undefined) this.#connected(status);
    } catch (error) {
      this.#missed = true;
      if (error instanceof KeyNeeded) return;
      // Whether the server is there, the listening tells.
      if (!(error instanceof Away) && !this.#resting) this.#lost(error);
    } finally {
      this.#asking = false;
    }
    if (this.#resting) return;
    this.#timer = setTimeout(
      () => void this.#turn(),
      Math.max(0, everyMs - (performance.now() - started)),
    );
  }

  async #ask(): Promise<void> {
    if (this.#missed && this.#maySeeEvents) {
      await this.#rates.recall();
      this.#missed = false;
    }
    const started = performance.now();
    // Nothing was told because nothing has changed: the chart goes on.
    const status = this.status.value;
    if (status !== undefined && started - this.#toldAt >= 1.5 * everyMs) this.#observe(status);
    if (started < this.#restUntil) return;
    if (!this.#isToldEvents && this.#maySeeEvents) {
      const events = await askLastEvents();
      if (!this.#isToldEvents) this.events.value = events;
    }
    await this.#askCards();
    const ended = performance.now();
    this.#restUntil = ended + (ended - started) * (1 / busyShareMax - 1);
  }

  async #askCards(): Promise<void> {
    for (const { name, sql } of this.questions) {
      const answer = await this.#askCard(name, sql);
      this.cards.value = new Map([...this.cards.value, [name, answer]]);
    }
  }

  /** One that cannot be answered, as while a rollup is filled, does not take the others with it. */
  async #askCard(name: string, sql: string): Promise<CardAnswer> {
    try {
      return { rows: await askSql<CardRow>(sql), problem: null };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { rows: this.cards.value.get(name)?.rows ?? [], problem: error.message };
    }
  }
}
