import type { KeptValues } from './kept-values.ts';

export interface QueueLimits {
  readonly eventsMax: number;
  /** Of their JSON. */
  readonly bytesMax: number;
}

/** An event that waits for its answer. */
export interface Queued {
  /** Sorts as the events came in. */
  readonly id: string;
  /** Written once, so that each try sends the same. */
  readonly json: string;
  readonly bytes: number;
  /** Epoch ms. An earlier page sent it as it ended, and nobody saw the answer. */
  readonly leftAtMs?: number;
}

export interface Queue {
  /** Events without an answer, those under way among them. */
  readonly size: number;
  /** False if there is no room. */
  add(id: string, json: string): boolean;
  /** The oldest that are not under way; one at least, however large. They are under way then. */
  take(limits: QueueLimits, nowMs: number): readonly Queued[];
  /** They have their answer. */
  remove(events: readonly Queued[]): void;
  /** They have none, and wait again. */
  giveBack(events: readonly Queued[]): void;
  /** Writes down that the page may end before it knows what became of what is sent. */
  leave(nowMs: number): void;
  /** Takes in what other pages left behind. */
  adopt(): void;
  /** Forgets everything, on the disk too. */
  clear(): void;
}

export interface QueueOptions {
  readonly kept: KeptValues;
  readonly limits: QueueLimits;
  /**
   * For how long the server knows an id again. What a page sent as it ended, and
   * what nobody saw an answer to, is sent again within this time, and given up
   * after it: it most likely arrived, and would count twice.
   */
  readonly dedupWindowMs: number;
  readonly givenUp: (event: Queued) => void;
}

const prefix = 'queue.';

/**
 * The events in the order they came. Each is kept under a name of its own, so
 * that tabs that write at the same time take nothing from each other. Two of
 * them may send the same event: the server knows it by its id.
 */
export function createQueue({ kept, limits, dedupWindowMs, givenUp }: QueueOptions): Queue {
  const waiting = new Map<string, Queued>();
  const underWay = new Set<string>();
  /** Came from another page, which may have sent them meanwhile. */
  const adopted = new Set<string>();
  let bytes = 0;

  const fits = (more: number): boolean =>
    waiting.size < limits.eventsMax && bytes + more <= limits.bytesMax;
  const insert = (event: Queued): void => {
    waiting.set(event.id, event);
    bytes += event.bytes;
  };
  const forget = ({ id, bytes: size }: Queued): void => {
    if (waiting.delete(id)) bytes -= size;
    underWay.delete(id);
    adopted.delete(id);
  };
  const remove = (events: readonly Queued[]): void => {
    for (const event of events) {
      forget(event);
      kept.remove(prefix + event.id);
    }
  };

  return {
    get size() {
      return waiting.size;
    },
    add(id, json) {
      const event = { id, json, bytes: bytesOf(json) };
      if (!fits(event.bytes)) return false;
      insert(event);
      if (hasRoom(kept, event.bytes, limits)) kept.set(prefix + id, json);
      return true;
    },
    take({ eventsMax, bytesMax }, nowMs) {
      const taken: Queued[] = [];
      let size = 0;
      for (const event of waiting.values()) {
        if (underWay.has(event.id)) continue;
        if (adopted.has(event.id) && kept.get(prefix + event.id) === null) {
          forget(event);
          continue;
        }
        if (nowMs - (event.leftAtMs ?? nowMs) > dedupWindowMs) {
          remove([event]);
          givenUp(event);
          continue;
        }
        size += event.bytes + 1;
        if (taken.length > 0 && (taken.length >= eventsMax || size > bytesMax)) break;
        taken.push(event);
        underWay.add(event.id);
      }
      return taken;
    },
    remove,
    giveBack(events) {
      for (const { id, json, leftAtMs } of events) {
        // Nothing if it was cleared meanwhile.
        if (!underWay.delete(id) || leftAtMs !== undefined) continue;
        if (kept.get(prefix + id)?.startsWith(leftMark)) kept.set(prefix + id, json);
      }
    },
    leave(nowMs) {
      for (const { id, json } of waiting.values()) {
        if (underWay.has(id) && kept.get(prefix + id) === json) {
          kept.set(prefix + id, `${leftMark}${nowMs} ${json}`);
        }
      }
    },
    adopt() {
      for (const name of kept.names().filter(isQueued).sort()) {
        const id = name.slice(prefix.length);
        const value = kept.get(name);
        if (value === null || waiting.has(id)) continue;
        const event = readKept(id, value);
        if (!isJson(event.json)) kept.remove(name);
        else if (fits(event.bytes)) {
          insert(event);
          adopted.add(id);
        }
      }
    },
    clear() {
      waiting.clear();
      underWay.clear();
      adopted.clear();
      bytes = 0;
      for (const name of kept.names().filter(isQueued)) kept.remove(name);
    },
  };
}

const isQueued = (name: string): boolean => name.startsWith(prefix);

/** The bound is on what all tabs keep together: the site needs the storage too. */
function hasRoom(kept: KeptValues, more: number, limits: QueueLimits): boolean {
  const names = kept.names().filter(isQueued);
  if (names.length >= limits.eventsMax) return false;
  let size = more;
  for (const name of names) size += kept.get(name)?.length ?? 0;
  return size <= limits.bytesMax;
}

/** Before the JSON, which begins with a brace: `<1764400000000 {"event_id":…` */
const leftMark = '<';

function readKept(id: string, value: string): Queued {
  const space = value.startsWith(leftMark) ? value.indexOf(' ') : -1;
  const json = value.slice(space + 1);
  const event = { id, json, bytes: bytesOf(json) };
  return space < 0 ? event : { ...event, leftAtMs: Number(value.slice(1, space)) };
}

/** One value that somebody spoiled would have the server refuse its whole batch. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const encoder = new TextEncoder();
const bytesOf = (text: string): number => encoder.encode(text).length;
