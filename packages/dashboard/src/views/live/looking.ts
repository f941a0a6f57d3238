// Looks at the server once a second while the page can be seen.
import { batch, signal } from '@preact/signals';
import { Away, askJson, KeyNeeded, Refused } from '../../api/ask.ts';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { askSql } from '../../api/sql.ts';
import { askLastEvents, type EventRow } from './last-events.ts';
import { Rates, type RatesShown } from './rates.ts';
import type { CardAnswer, CardRow } from './rollup-card.tsx';
import { refusalsQuestion, rollupQuestion } from './rollup-questions.ts';

const everyMs = 1_000;
/** A store with much in it is asked less often: questions take at most this share of the time. */
const busyShareMax = 0.25;

/** Of `/v1/status`, what is shown. */
export interface Status {
  readonly accepted: number | null;
  readonly stored: number;
  readonly duplicates: number | null;
  readonly late: number;
  readonly dead_letters: number;
  readonly events_per_second: number;
  readonly lag_ms: number | null;
  readonly problem: string | null;
}

/** How the page and the server get on, with what is told about it. */
export type Connection =
  | { readonly state: 'starting' | 'live' | 'paused' | 'away' }
  | { readonly state: 'failing' | 'notStoring'; readonly message: string };

export class Looking {
  readonly connection = signal<Connection>({ state: 'starting' });
  readonly paused = signal(false);
  readonly status = signal<Status | undefined>(undefined);
  readonly rates = signal<RatesShown>({ times: [], values: [] });
  readonly events = signal<readonly EventRow[] | undefined>(undefined);
  readonly cards = signal<ReadonlyMap<string, CardAnswer>>(new Map());
  readonly questions;

  readonly #rates = new Rates();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  #ended = false;
  #restUntil = 0;
  /** Whether the chart has a gap, because the page was not looking. */
  #missed = true;

  constructor({ rollups }: PipelineDescription) {
    this.questions = [...rollups.map(rollupQuestion), refusalsQuestion];
  }

  /** @returns what ends it */
  begin(): () => void {
    const onVisibility = (): void => {
      this.#missed ||= document.hidden;
      void this.#turn();
    };
    document.addEventListener('visibilitychange', onVisibility);
    void this.#turn();
    return () => {
      this.#ended = true;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }

  togglePause(): void {
    this.paused.value = !this.paused.value;
    this.#missed ||= this.paused.value;
    if (this.paused.value) this.connection.value = { state: 'paused' };
    void this.#turn();
  }

  get #resting(): boolean {
    return this.#ended || this.paused.value || document.hidden;
  }

  async #turn(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#looking || this.#resting) return;
    this.#looking = true;
    const started = performance.now();
    try {
      await this.#look();
    } catch (error) {
      this.#missed = true;
      if (error instanceof KeyNeeded) return;
      if (error instanceof Away) this.connection.value = { state: 'away' };
      else if (error instanceof Refused)
        this.connection.value = { state: 'failing', message: error.message };
      else throw error;
    } finally {
      this.#looking = false;
    }
    if (this.#ended) return;
    this.#timer = setTimeout(
      () => void this.#turn(),
      Math.max(0, everyMs - (performance.now() - started)),
    );
  }

  async #look(): Promise<void> {
    if (this.#missed) {
      await this.#rates.recall();
      this.#missed = false;
    }
    const status = await askJson<Status>('/v1/status');
    if (status.accepted !== null) this.#rates.observe(status.accepted);
    batch(() => {
      this.status.value = status;
      this.rates.value = this.#rates.shown();
    });
    const started = performance.now();
    if (started >= this.#restUntil) {
      this.events.value = await askLastEvents();
      await this.#askCards();
      const ended = performance.now();
      this.#restUntil = ended + (ended - started) * (1 / busyShareMax - 1);
    }
    if (this.paused.value) return;
    this.connection.value =
      status.problem === null
        ? { state: 'live' }
        : { state: 'notStoring', message: status.problem };
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
