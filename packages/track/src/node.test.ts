import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type IngestServer, openIngestServer } from '../../millrace/src/server/ingest.suite.ts';
import { type Gateway, openGateway } from './gateway.suite.ts';
import { createTracker, type NodeTrackerOptions, type Problem } from './node.ts';

// Millrace's own collector with a log on disk, and a bad network before it.

let server: IngestServer;
let gateway: Gateway;
let problems: Problem[];
const opened: { shutdown(timeoutMs?: number): Promise<number> }[] = [];

beforeEach(async () => {
  server = await openIngestServer({
    keys: { write: ['w'], read: [] },
    collectLimits: { bodyBytesMax: 4_000 },
  });
  gateway = await openGateway(() => server.url);
  problems = [];
});
afterEach(async () => {
  for (const tracker of opened.splice(0)) await tracker.shutdown(0);
  await gateway.close();
  await server.close();
});

function open(options: Partial<NodeTrackerOptions> = {}) {
  const tracker = createTracker({
    url: gateway.url,
    writeKey: 'w',
    onRefused: (problem) => problems.push(problem),
    ...options,
  });
  opened.push(tracker);
  return tracker;
}

const stored = async (): Promise<unknown[]> =>
  (await server.events()).map((event) => Object(event.properties).element);
const codes = (): string[] => problems.map(({ code }) => code);
const elements = (count: number): string[] => Array.from({ length: count }, (_, n) => `e-${n}`);
const within = { timeout: 60_000 };

describe('the tracker in Node', () => {
  test('sends events by itself, a batch at a time, with who and when', async () => {
    const tracker = open();
    const timestamp = new Date(Date.now() - 60_000);
    tracker.track('click', { element: 'a' }, { userId: 'ann', sessionId: 's', eventId: 'mine' });
    tracker.track('click', { element: 'b' }, { anonymousId: 'x', timestamp, context: { ab: 1 } });
    await vi.waitFor(async () => expect(await stored()).toEqual(['a', 'b']), within);
    expect(gateway.bodies).toHaveLength(1);
    const [first, second] = await server.events();
    expect(first).toMatchObject({ event_id: 'mine', user_id: 'ann', session_id: 's' });
    expect(second).toMatchObject({ anonymous_id: 'x', late: true });
    expect(Object(second?.context)).toMatchObject({ ab: 1, library: { name: '@millrace/track' } });
    expect(Math.abs(Number(second?.timestamp) - timestamp.getTime())).toBeLessThan(30_000);
  });

  test('tries again under the same ids: an answer that got lost counts nothing twice', async () => {
    const tracker = open();
    gateway.behave('lose answers');
    for (const element of elements(5)) tracker.track('click', { element });
    expect(await tracker.flush()).toBe(5);
    gateway.behave('cut');
    expect(await tracker.flush()).toBe(5);
    gateway.behave('pass');
    expect(await tracker.flush()).toBe(0);
    expect(await stored()).toEqual(elements(5));
    expect(gateway.bodies.length).toBeGreaterThanOrEqual(3);
    expect(problems).toEqual([]);
  });

  test('stamps each try with the time of it', async () => {
    const tracker = open();
    gateway.behave('cut');
    tracker.track('click', { element: 'a' });
    await tracker.flush();
    await vi.waitFor(() => expect(gateway.bodies.length).toBeGreaterThan(1), within);
    const [first, second] = gateway.bodies.map((body) => JSON.parse(body));
    expect(second.sent_at).toBeGreaterThan(first.sent_at);
    expect(second.batch).toEqual(first.batch);
  });

  test.each([429, 503])('waits as long as the server asks with a %i', async (status) => {
    const tracker = open();
    gateway.behave({ status, headers: { 'retry-after': '2' } });
    tracker.track('click', { element: 'a' });
    await tracker.flush();
    gateway.behave('pass');
    await tracker.flush();
    await vi.waitFor(async () => expect(await stored()).toEqual(['a']), within);
    const [first, second] = gateway.bodies.map((body) => JSON.parse(body).sent_at);
    expect(second - first).toBeGreaterThan(1_900);
    expect(gateway.bodies).toHaveLength(2);
  });

  test('takes no answer that is not from Millrace', async () => {
    const tracker = open();
    gateway.behave({ status: 200, body: '<h1>Welcome to our wireless network</h1>' });
    tracker.track('click', { element: 'a' });
    expect(await tracker.flush()).toBe(1);
    gateway.behave('pass');
    expect(await tracker.flush()).toBe(0);
    expect(await stored()).toEqual(['a']);
  });

  test('reports what is refused, and never sends it again', async () => {
    const tracker = open();
    tracker.track('click', { element: 'a' });
    tracker.track('clack', { element: 'b' }, { eventId: 'wrong' });
    tracker.track('click', { element: 'c' });
    expect(await tracker.flush()).toBe(0);
    expect(await stored()).toEqual(['a', 'c']);
    expect(problems).toEqual([
      {
        event: expect.objectContaining({ event_id: 'wrong', type: 'clack' }),
        code: 'unknown_event_type',
        message: 'The pipeline has no event "clack".',
      },
    ]);
    expect(await tracker.flush()).toBe(0);
    expect(gateway.bodies).toHaveLength(1);
  });

  test('reports a request that is refused as a whole', async () => {
    const tracker = open({ writeKey: 'wrong' });
    tracker.track('click', { element: 'a' });
    expect(await tracker.flush()).toBe(0);
    expect(codes()).toEqual(['unauthorized']);
  });

  test('halves what is too large, and gives up only an event that is too large alone', async () => {
    const tracker = open();
    for (const element of elements(40)) tracker.track('click', { element });
    tracker.track('click', { element: 'x'.repeat(5_000) }, { eventId: 'huge' });
    tracker.track('click', { element: 'last' });
    expect(await tracker.flush()).toBe(0);
    expect(await stored()).toEqual([...elements(40), 'last']);
    expect(codes()).toEqual(['body_too_large']);
  });

  test('holds a bounded number of events, and says which it does not take', async () => {
    const tracker = open({ queueMax: 3 });
    gateway.behave('cut');
    for (const element of elements(5)) tracker.track('click', { element });
    await vi.waitFor(() => expect(codes()).toEqual(['queue_full', 'queue_full']), within);
    expect(problems.map(({ event }) => Object(event).properties.element)).toEqual(['e-3', 'e-4']);
    gateway.behave('pass');
    expect(await tracker.flush()).toBe(0);
    expect(await stored()).toEqual(elements(3));
  });

  test('never throws: what cannot be written as JSON is refused', async () => {
    const tracker = open();
    const endless: string[] = [];
    Reflect.set(endless, 0, endless);
    tracker.track('page', { endless });
    await vi.waitFor(() => expect(codes()).toEqual(['not_json']), within);
  });

  test('is shut down once all is answered', async () => {
    const tracker = open();
    gateway.behave('cut');
    for (const element of elements(3)) tracker.track('click', { element });
    await tracker.flush();
    const closing = tracker.shutdown(60_000);
    gateway.behave('pass');
    expect(await closing).toBe(0);
    expect(await stored()).toEqual(elements(3));
    tracker.track('click', { element: 'late' });
    await vi.waitFor(() => expect(codes()).toEqual(['closed']), within);
  });

  test('is shut down when its time is over, and says how many events are lost', async () => {
    const tracker = open();
    gateway.behave('cut');
    for (const element of elements(3)) tracker.track('click', { element });
    expect(await tracker.shutdown(50)).toBe(3);
  });
});
