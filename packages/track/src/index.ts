import type { AnyPipeline } from 'millrace';
import { createConsent, objects } from './consent.ts';
import { createDelivery, type Problem, warn } from './delivery.ts';
import { createIdentity } from './identity.ts';
import { keptInStorage, orInMemory } from './kept-values.ts';
import { watchLeaving } from './leaving.ts';
import { pageView, watchPageViews, withoutQuery } from './page-views.ts';
import type { EventOptions, EventProperties, Track } from './typed-events.ts';
import { uuidV7 } from './uuid-v7.ts';
import { library } from './version.ts';
import { wireEvent } from './wire-event.ts';

export type { Problem } from './delivery.ts';
export type { EventOptions, EventProperties, Track, TrackArguments } from './typed-events.ts';

export interface TrackerOptions {
  /** Where a Millrace listens. One behind a path ends with a slash: `https://shop.example/events/`. */
  readonly url: string | URL;
  /** Public by nature: it opens the taking of events, nothing else. Not needed where Millrace has none. */
  readonly writeKey?: string;
  /** Whether each page seen becomes an event `page`. Default true. */
  readonly pageViews?: boolean;
  /** `required`: nothing is stored or sent before `setConsent(true)`. Default `assumed`. */
  readonly consent?: 'assumed' | 'required';
  /** Global Privacy Control and Do Not Track. `respect`, the default: they mean no consent. */
  readonly privacySignals?: 'respect' | 'ignore';
  /** Told of each event that will not be counted. Default: a warning on the console. */
  readonly onRefused?: (problem: Problem) => void;
  /** The pipeline's `dedup.window`. Default 24 hours. */
  readonly dedupWindowMs?: number;
}

/** For one visitor at a time, whose ids and waiting events the browser keeps. */
export interface Tracker<P extends AnyPipeline> {
  /**
   * Takes an event. It is sent within a second with others, and again under the
   * same id until it is answered: from the next page too, if this one ends before.
   */
  readonly track: Track<P>;
  /** An event `page` for the page as it is now. Where `pageViews` is on, these come by themselves. */
  page(properties?: { readonly [name: string]: unknown }): void;
  /** From now on the visitor is this user, in all tabs, until `reset`. Sends an event `identify`. */
  identify(userId: string, traits?: EventProperties<P, 'identify'>): void;
  /** The user signed out: later events have another `anonymous_id` and session. */
  reset(): void;
  /** What the visitor decided; it is remembered. On false, all that was kept of them is forgotten. */
  setConsent(given: boolean): void;
  /**
   * Sends what waits, now. Resolves once it is answered, or a try failed.
   *
   * @returns how many events have no answer yet.
   */
  flush(): Promise<number>;
  /** Takes no more, tries for `timeoutMs` (default 10,000), and leaves the rest to the next page. */
  shutdown(timeoutMs?: number): Promise<number>;
}

const dayMs = 24 * 3_600_000;

/**
 * A tracker with the types of a pipeline, which are all it needs of the
 * definition. Where there is no document, as on a server that renders pages, it
 * does nothing.
 *
 * @example
 * import type pipeline from './millrace.config.ts';
 * const tracker = createTracker<typeof pipeline>({ url: 'https://events.shop.example' });
 * tracker.track('purchase', { order_id: 'o-1', value: '39.98' });
 */
export function createTracker<P extends AnyPipeline>({
  url,
  writeKey,
  pageViews = true,
  consent: asked = 'assumed',
  privacySignals = 'respect',
  onRefused = warn,
  dedupWindowMs = dayMs,
}: TrackerOptions): Tracker<P> {
  const inPage = typeof document !== 'undefined';
  const kept = keptInStorage(() => (inPage ? localStorage : undefined));
  const values = orInMemory(kept);
  const identity = createIdentity(values);
  const consent = createConsent({
    kept: values,
    required: asked === 'required',
    objected: !inPage || (privacySignals === 'respect' && objects(navigator)),
  });
  const endpoint = new URL('v1/events', url);
  // In the address and as text, so that browsers need not ask before each request.
  if (writeKey !== undefined) endpoint.searchParams.set('writeKey', writeKey);
  const delivery = createDelivery({
    kept,
    post: {
      url: endpoint.href,
      headers: { 'content-type': 'text/plain' },
      timeoutMs: 30_000,
    },
    limits: { eventsMax: 1_000, bytesMax: 1024 * 1024 },
    batch: { eventsMax: 50, bytesMax: 50_000 },
    waitMs: 1_000,
    dedupWindowMs,
    refused: onRefused,
  });

  const record = (type: string, properties: unknown, options: EventOptions): void => {
    if (!consent.given) return;
    const nowMs = Date.now();
    const id = uuidV7(nowMs);
    const who = identity.act(nowMs);
    const page = { url: withoutQuery(location.href), title: document.title };
    const context = { library, page, locale: navigator.language };
    delivery.add(id, wireEvent(type, properties, options, { id, nowMs, who, context }));
  };

  let end = (): void => {};
  const begin = (): void => {
    if (!consent.given) return;
    delivery.adopt();
    const endLeaving = watchLeaving({
      left: delivery.leave,
      returned: delivery.adopt,
      online: delivery.resume,
    });
    const endViews = pageViews ? watchPageViews((view) => record('page', view, {})) : () => {};
    end = () => {
      endLeaving();
      endViews();
    };
  };
  begin();

  return {
    track: (type, properties?: unknown, options: EventOptions = {}) =>
      record(type, properties, options),
    page: (properties) => record('page', { ...pageView(''), ...properties }, {}),
    identify(userId, traits) {
      if (!consent.given) return;
      identity.identify(userId);
      record('identify', traits, {});
    },
    reset: identity.reset,
    setConsent(given) {
      const before = consent.given;
      consent.decide(given);
      if (!before) begin();
      if (given) return;
      end();
      delivery.clear();
      identity.reset();
    },
    flush: delivery.flush,
    shutdown(timeoutMs = 10_000) {
      end();
      return delivery.close(timeoutMs);
    },
  };
}
