import { nativeBatch } from '../../packages/millrace/src/collect/native.ts';
import { readJson } from '../../packages/millrace/src/collect/read-json.ts';
import { event } from '../../packages/millrace/src/define/event.ts';
import { definePipeline } from '../../packages/millrace/src/define/pipeline.ts';
import { int32, string } from '../../packages/millrace/src/define/property.ts';
import { MillraceError } from '../../packages/millrace/src/errors.ts';
import type { Loader } from '../../packages/millrace/src/load/loader.ts';
import type { Log } from '../../packages/millrace/src/ports/log.ts';
import {
  type Embedded,
  type EmbeddedOptions,
  openEmbedded,
} from '../../packages/millrace/src/runtime/embedded.ts';
import type { Random } from '../support/random.ts';
import { drawBytesFrom } from './drawn-bytes.ts';
import { isExpected } from './faults.ts';
import { eventJson, Ledger, type SentEvent } from './ledger.ts';
import type { StoredRow } from './model-store.ts';
import { inVirtualTime } from './virtual-timers.ts';
import { Waits } from './waits.ts';
import { calm, type LastCall, type Life, type Weather, World, type WorldOptions } from './world.ts';

const pipeline = definePipeline({
  name: 'simulated',
  events: { view: event({ n: int32(), text: string() }) },
  dedup: { window: '1h' },
});

const badKinds: readonly SentEvent['kind'][] = ['refused by the collector', 'refused by the store'];

const minuteMs = 60_000;
const windowMs = 60 * minuteMs;
/** What fails is mended then: who waits for a full disk waits for as long as it is full. */
const stormMs = minuteMs;
/** Longer than anything takes that ends, in virtual time. */
const patienceMs = 30 * minuteMs;

export interface Plan {
  /** Lives before the last one, in which all is well and everything arrives. */
  readonly lives: number;
  readonly senders: number;
  /** Batches of each sender in each life. */
  readonly batches: number;
  /** Between two batches of a sender. */
  readonly pauseMsMax: number;
  readonly eventsMax: number;
  readonly padMax: number;
  readonly inserts: NonNullable<EmbeddedOptions['inserts']>;
  readonly logSegmentBytes: number;
  readonly dedupMemoryBytesMax: number;
  readonly idsPerRunMin: number;
  readonly residentIdsMin: number;
  readonly weather: (random: Random, work: 'starting' | 'running') => Weather;
  /** How many calls of disk and store a life lasts; infinite until it is closed. */
  readonly crashAfter: (random: Random, life: number) => number;
  /** Which call it crashes in after them. Default: any. */
  readonly lastCall?: (random: Random) => LastCall;
  /** How far the wall clock jumps between two lives. */
  readonly clockJumpMs: (random: Random) => number;
}

export interface Outcome {
  readonly trace: number;
  /** Calls of disk and store in each life, the last one's at the end. */
  readonly operations: readonly number[];
  readonly crashes: number;
  readonly stored: number;
}

/**
 * Lives through a plan: senders send, disk and store fail, processes crash and
 * begin again; at last all is well, and what is kept is compared with what was sent.
 *
 * @throws Error naming the promise that is broken.
 */
export async function liveThrough(plan: Plan, options: WorldOptions): Promise<Outcome> {
  const world = new World(options);
  drawBytesFrom(options.seed);
  return inVirtualTime(world.time, () => new Scenario(plan, world).run());
}

class Scenario {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #ledger = new Ledger();
  /** Rejects with the first problem that nothing made to fail explains. */
  readonly #unexplained: Promise<never>;
  #report: (problem: Error) => void = () => {};
  /** Of the life that is lived: the dead wait for ever. */
  #waits = new Waits();
  #crashes = 0;
  readonly #operations: number[] = [];

  constructor(plan: Plan, world: World) {
    this.#plan = plan;
    this.#world = world;
    this.#unexplained = new Promise((_, reject) => {
      this.#report = reject;
    });
  }

  async run(): Promise<Outcome> {
    const { lives, weather, crashAfter, lastCall, clockJumpMs } = this.#plan;
    const { random } = this.#world;
    for (let life = 0; life < lives; life += 1) {
      this.#world.weather = weather(random, 'starting');
      const sendOn = (embedded: Embedded): Promise<void> => {
        this.#world.weather = weather(random, 'running');
        return this.#sendOn(embedded);
      };
      await this.#live(sendOn, crashAfter(random, life), lastCall?.(random));
      this.#world.moveClock(clockJumpMs(random));
    }
    this.#world.weather = calm;
    await this.#live((embedded) => this.#sendTheRest(embedded));
    const { trace, store } = this.#world;
    const stored = store.table('millrace.events').rows.length;
    return { trace, operations: this.#operations, crashes: this.#crashes, stored };
  }

  /** One process, from its start to its end, however that comes. */
  async #live(
    work: (embedded: Embedded) => Promise<void>,
    crashAfter = Number.POSITIVE_INFINITY,
    lastCall: LastCall = 'any',
  ): Promise<void> {
    const world = this.#world;
    const before = world.operations;
    const life = world.begin(crashAfter, lastCall);
    this.#waits = new Waits();
    const living = this.#from(life, work);
    world.time.after(stormMs, () => {
      world.weather = calm;
    });
    const ended = Promise.race([life.crashed, living, this.#unexplained]);
    const end = await world.time.until(ended, patienceMs, this.#waits);
    if (end === 'crashed') this.#crashes += 1;
    this.#operations.push(world.operations - before);
    await world.end({ power: world.random.pick(['stays', 'fails']) });
  }

  async #from(life: Life, work: (embedded: Embedded) => Promise<void>): Promise<'ended'> {
    const embedded = await this.#waits.for(() => 'the start', this.#open(life));
    if (embedded === null) return 'ended';
    await this.#checkKept(embedded);
    await work(embedded);
    await this.#waits.for(() => 'the end of closing', embedded.close().catch(orFault));
    return 'ended';
  }

  async #checkKept({ events }: Embedded): Promise<void> {
    const log = await this.#waits.for(() => 'what is in the log', recordsOf(events));
    this.#ledger.checkKept(log, this.#world.store.table('millrace.events'));
  }

  /** Null if the disk or the store did not let it start. */
  async #open({ disk, store }: Life): Promise<Embedded | null> {
    const { inserts, logSegmentBytes, dedupMemoryBytesMax, idsPerRunMin, residentIdsMin } =
      this.#plan;
    try {
      return await openEmbedded({
        pipeline,
        folder: '/data',
        disk,
        openStore: async () =>
          Object.assign(store, {
            ...{ encode: notSimulated, decode: notSimulated, rewrite: notSimulated },
          }),
        clock: this.#world.clock,
        dedupMemoryBytesMax,
        storeMemoryBytesMax: 0,
        logRetentionMs: 0,
        logSegmentBytes,
        idsPerRunMin,
        residentIdsMin,
        inserts,
        onProblem: (what, error) => {
          if (!isExpected(error)) this.#report(new Error(`${what}: ${error}`, { cause: error }));
        },
      });
    } catch (error) {
      orFault(error);
      return null;
    }
  }

  async #sendOn(embedded: Embedded): Promise<void> {
    const { senders, batches, pauseMsMax } = this.#plan;
    const send = async (): Promise<void> => {
      for (let batch = 0; batch < batches; batch += 1) {
        await this.#send(this.#draw(), embedded);
        await this.#world.time.sleep(this.#world.random.next() * pauseMsMax);
      }
    };
    await Promise.all(Array.from({ length: senders }, send));
  }

  async #sendTheRest(embedded: Embedded): Promise<void> {
    const rest = this.#ledger.unanswered.filter((sent) => this.#mayBeSentAgain(sent));
    await this.#send(rest, embedded);
    const { events, deadLetters, eventLoader, deadLetterLoader } = embedded;
    await this.#allStored('events', events, eventLoader);
    await this.#allStored('dead letters', deadLetters, deadLetterLoader);
    await this.#checkKept(embedded);
    const { store } = this.#world;
    this.#ledger.checkStored(
      events.end,
      store.table('millrace.events'),
      store.table('millrace.dead_letters'),
      deadLetters.end,
    );
    const missing = rest.filter(({ id }) => !this.#ledger.acknowledged.has(id));
    if (missing.length > 0) throw new Error(`${missing[0]?.id} is refused, and all is well.`);
  }

  #allStored(what: string, log: Log, loader: Loader): Promise<void> {
    const { end } = log;
    return this.#waits.for(
      () => `${what} below ${end} in the store, which has ${loader.committed} (${loader.failing})`,
      loader.settled(end),
    );
  }

  /** New events, some of them bad, and old ones: retries cut in another way, and copies. */
  #draw(): readonly SentEvent[] {
    const { random, clock } = this.#world;
    const { sent } = this.#ledger;
    const known = [...sent.values()].filter((each) => this.#mayBeSentAgain(each));
    const unanswered = known.filter(({ id }) => !this.#ledger.acknowledged.has(id));
    const count = random.between(1, this.#plan.eventsMax);
    return Array.from({ length: count }, (): SentEvent => {
      if (unanswered.length > 0 && random.chance(0.3)) return random.pick(unanswered);
      if (known.length > 0 && random.chance(0.2))
        return random.pick(random.chance(0.5) ? known.slice(-10) : known);
      const n = sent.size;
      const id = `event ${n}`;
      const kind: SentEvent['kind'] = random.chance(0.05) ? random.pick(badKinds) : 'good';
      const firstSentAt = clock.now();
      const pad = random.between(0, this.#plan.padMax);
      const json = eventJson(kind, { id, n, pad, at: firstSentAt - random.between(0, minuteMs) });
      const made: SentEvent = { id, kind, json, firstSentAt };
      sent.set(id, made);
      return made;
    });
  }

  /** Later it may count as a new event. */
  #mayBeSentAgain({ firstSentAt }: SentEvent): boolean {
    return this.#world.clock.now() - firstSentAt < windowMs / 2;
  }

  async #send(events: readonly SentEvent[], embedded: Embedded): Promise<void> {
    const { collector, admission } = embedded;
    const body = Buffer.from(`[${events.map(({ json }) => json).join(',')}]`);
    const answer = admission.admit(body.length, () =>
      collector.collect(nativeBatch(readJson(body, false, collector.limits))),
    );
    try {
      await this.#waits.for(() => `an answer to ${events.map(({ id }) => id)}`, answer);
    } catch (error) {
      return orFault(error);
    }
    for (const { id } of events) this.#ledger.acknowledged.add(id);
    this.#world.note(`answered ${events.map(({ id }) => id)}`);
  }
}

function orFault(error: unknown): void {
  if (!isExpected(error)) throw error;
}

/** The records of the log that are not in the store for sure, and as many of the others as are there. */
async function recordsOf(log: Log): Promise<readonly StoredRow[]> {
  const records: StoredRow[] = [];
  for (let from = log.start; from < log.end; ) {
    try {
      const slice = await log.read(from, { rowsMax: 1_000, bytesMax: 1_000_000 });
      const lines = Buffer.from(slice.lines).toString().split('\n').slice(0, -1);
      if (slice.from !== from || slice.to !== from + lines.length)
        throw new Error(`The log has a hole between ${from} and ${slice.to}.`);
      records.push(...lines.map((line, index) => ({ offset: from + index, line })));
      from = slice.to;
    } catch (error) {
      const isTrimmed = error instanceof MillraceError && error.code === 'log_trimmed';
      if (!isTrimmed) orFault(error);
      from = Math.max(from, log.start);
    }
  }
  return records;
}

/** The archive is an object store's, whose promises `archive/archiver.test.ts` goes through. */
const notSimulated = async (): Promise<never> => {
  throw new Error('the archive is not simulated');
};
