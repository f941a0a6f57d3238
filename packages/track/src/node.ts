import type { AnyPipeline } from 'millrace';
import { createDelivery, type Problem, warn } from './delivery.ts';
import { keptInStorage } from './kept-values.ts';
import type { EventOptions, Track } from './typed-events.ts';
import { uuidV7 } from './uuid-v7.ts';
import { library } from './version.ts';
import { wireEvent } from './wire-event.ts';

export type { Problem } from './delivery.ts';
export type { EventOptions, EventProperties, Track, TrackArguments } from './typed-events.ts';

export interface NodeTrackerOptions {
  /** Where a Millrace listens, as `http://127.0.0.1:8080`. */
  readonly url: string | URL;
  /** Not needed where Millrace has none. */
  readonly writeKey?: string;
  /** Told of each event that will not be counted. Default: a warning on the console. */
  readonly onRefused?: (problem: Problem) => void;
  /** The most events that wait in memory; what comes then is refused. Default 10,000. */
  readonly queueMax?: number;
}

/** For a process that serves many people: each event says itself who acted. */
export interface NodeTracker<P extends AnyPipeline> {
  /**
   * Takes an event. It is sent within half a second with others, and again
   * under the same id until it is answered.
   */
  readonly track: Track<P>;
  /**
   * Sends what waits, now. Resolves once it is answered, or a try failed.
   *
   * @returns how many events have no answer yet.
   */
  flush(): Promise<number>;
  /**
   * Takes no more, and tries until all events are answered, or for `timeoutMs`
   * (default 10,000).
   *
   * @returns how many events have no answer: they are lost with the process.
   */
  shutdown(timeoutMs?: number): Promise<number>;
}

/**
 * A tracker with the types of a pipeline, which are all it needs of the definition.
 *
 * @example
 * import type pipeline from './millrace.config.ts';
 * const tracker = createTracker<typeof pipeline>({ url: 'http://127.0.0.1:8080' });
 * tracker.track('purchase', { order_id: 'o-1', value: '39.98' }, { userId: 'ann' });
 */
export function createTracker<P extends AnyPipeline>({
  url,
  writeKey,
  onRefused = warn,
  queueMax = 10_000,
}: NodeTrackerOptions): NodeTracker<P> {
  const delivery = createDelivery({
    kept: keptInStorage(() => undefined),
    post: {
      url: new URL('v1/events', url).href,
      headers: {
        'content-type': 'application/json',
        ...(writeKey === undefined ? {} : { authorization: `Bearer ${writeKey}` }),
      },
      timeoutMs: 30_000,
    },
    limits: { eventsMax: queueMax, bytesMax: 64 * 1024 * 1024 },
    batch: { eventsMax: 1_000, bytesMax: 1024 * 1024 },
    waitMs: 500,
    dedupWindowMs: 0,
    refused: onRefused,
  });
  return {
    track(type, properties?: unknown, options: EventOptions = {}) {
      const nowMs = Date.now();
      const id = uuidV7(nowMs);
      const happened = { id, nowMs, who: {}, context: { library } };
      delivery.add(id, wireEvent(type, properties, options, happened));
    },
    flush: delivery.flush,
    shutdown: (timeoutMs = 10_000) => delivery.close(timeoutMs),
  };
}
