import type { WindowPlan } from '../../plan/plan.ts';
import { type CanonicalEvent, fieldOf, holds, type Scalar } from './naive.suite.ts';

export interface NaiveWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly dimensions: readonly (Scalar | null)[];
  readonly events: readonly CanonicalEvent[];
}

/** The windows that there must be, before their `having`, each with its events. */
export const windowsOf = (
  window: WindowPlan,
  events: readonly CanonicalEvent[],
): readonly NaiveWindow[] => {
  const groups = new Map<string, CanonicalEvent[]>();
  for (const event of events) {
    if (event.late || !window.from.includes(event.type)) continue;
    if (window.where && !holds(window.where, event)) continue;
    const key = JSON.stringify(window.by.map(({ field }) => fieldOf(event, field) ?? null));
    const group = groups.get(key) ?? [];
    group.push(event);
    groups.set(key, group);
  }
  return [...groups].flatMap(([key, group]) => {
    const dimensions: readonly (Scalar | null)[] = JSON.parse(key);
    return spansOf(window, group).map((one) => ({ ...one, dimensions }));
  });
};

type Stretch = Omit<NaiveWindow, 'dimensions'>;

const spansOf = ({ span }: WindowPlan, events: readonly CanonicalEvent[]): readonly Stretch[] =>
  span.kind === 'fixed'
    ? fixed(span.sizeMs, span.everyMs, events)
    : sessions(span.gapMs, span.maxMs, events);

const fixed = (
  sizeMs: number,
  everyMs: number,
  events: readonly CanonicalEvent[],
): readonly Stretch[] => {
  const found = new Map<number, CanonicalEvent[]>();
  for (const event of events) {
    const newest = Math.floor(event.timestamp / everyMs) * everyMs;
    for (let startMs = newest; startMs > event.timestamp - sizeMs; startMs -= everyMs)
      found.set(startMs, [...(found.get(startMs) ?? []), event]);
  }
  return [...found].map(([startMs, of]) => ({ startMs, endMs: startMs + sizeMs, events: of }));
};

/** As one would write them down: one event after another. */
const sessions = (
  gapMs: number,
  maxMs: number,
  events: readonly CanonicalEvent[],
): readonly Stretch[] => {
  const found: Stretch[] = [];
  let open: CanonicalEvent[] = [];
  const close = (): void => {
    const [first, last] = [open[0], open.at(-1)];
    if (!first || !last) return;
    const cut = (Math.floor(first.timestamp / maxMs) + 1) * maxMs;
    const endMs = Math.min(last.timestamp + gapMs, cut);
    found.push({ startMs: first.timestamp, endMs, events: open });
    open = [];
  };
  for (const event of events.toSorted((a, b) => a.timestamp - b.timestamp)) {
    const before = open.at(-1);
    if (before) {
      const isCut = Math.floor(before.timestamp / maxMs) !== Math.floor(event.timestamp / maxMs);
      if (isCut || event.timestamp - before.timestamp >= gapMs) close();
    }
    open.push(event);
  }
  close();
  return found;
};
