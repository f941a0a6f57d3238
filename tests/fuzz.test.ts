import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenHttp, talk } from './support/fuzz/broken-http.ts';
import { Books } from './support/fuzz/oracle.ts';
import { type FuzzRequest, fuzzRequest, readKey, writeKey } from './support/fuzz/requests.ts';
import { send } from './support/fuzz/send.ts';
import { MillraceProcess, type Status } from './support/millrace-process.ts';
import { memoryBytes } from './support/process-numbers.ts';
import { Random, testSeed } from './support/random.ts';
import { type Point, slope } from './support/slope.ts';

const pipeline = fileURLToPath(new URL('./support/everything.config.ts', import.meta.url));
const seed = testSeed();
/** `npm run test:long` asks for a million. */
const bodies = Number(process.env.MILLRACE_TEST_BODIES ?? 4_000);
const senders = 8;

describe(`whatever is sent to it (seed ${seed}, ${bodies} bodies)`, () => {
  const data = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'));
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const books = new Books();
  /** Events of requests that nobody waited for the end of. */
  let unknown = 0;
  let millrace: MillraceProcess;
  let url: string;
  let idleSockets: number;

  beforeAll(async () => {
    millrace = new MillraceProcess({
      pipeline,
      data,
      env: { MILLRACE_WRITE_KEYS: writeKey, MILLRACE_READ_KEYS: readKey },
    });
    url = await millrace.url();
    idleSockets = openSockets(millrace.pid);
  });
  afterAll(async () => {
    agent.destroy();
    await millrace.stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** Of a request that was no proper one. */
  const nothingKnown = { path: '/v1/events', headers: {}, body: Buffer.alloc(0), events: null };

  const ask = async (path: string): Promise<string> => {
    const headers = { authorization: `Bearer ${readKey}` };
    const response = await fetch(url + path, { headers });
    expect(response.status).toBe(200);
    return response.text();
  };
  const status = async (): Promise<Status> => JSON.parse(await ask('/v1/status'));
  const count = async (table: string): Promise<number> =>
    Number(await ask(`/sql?query=SELECT+count()+FROM+${table}`));

  async function one(random: Random): Promise<void> {
    if (random.chance(0.04)) {
      const bytes = brokenHttp(random);
      await explained(`raw ${JSON.stringify(bytes.toString('latin1').slice(0, 500))}`, async () => {
        const { answers, ended } = await talk(url, bytes, random);
        if (!ended) unknown += 2;
        for (const answer of answers) {
          const method = answer.body.includes('{"accepted"') ? 'POST' : 'GET';
          books.add({ ...nothingKnown, method }, answer);
        }
      });
      return;
    }
    const sent = fuzzRequest(random);
    await explained(shown(sent), async () => books.add(sent, await send(url, agent, sent)));
  }

  test('it answers as documented, goes on, and keeps its books', async () => {
    let begun = 0;
    const memory: Point[] = [];
    const sendAll = async (sender: number): Promise<void> => {
      const random = new Random(seed + sender);
      while (begun < bodies) {
        begun += 1;
        await one(random);
        if (begun % Math.ceil(bodies / 100) === 0) {
          memory.push({ x: begun, y: memoryBytes(millrace.pid) });
        }
      }
    };
    await Promise.all(Array.from({ length: senders }, (_, sender) => sendAll(sender)));

    console.info(report(books, memory));
    expect(millrace.running).toBe(true);
    const behind = async () => {
      const { accepted, duplicates, stored } = await status();
      return accepted - duplicates - stored;
    };
    await expect.poll(behind).toBe(0);
    expect(millrace.errors).toBe('');
    const now = await status();
    expect(now.accepted).toBeGreaterThanOrEqual(books.accepted);
    expect(now.accepted).toBeLessThanOrEqual(books.accepted + unknown);
    expect(await count('events')).toBe(now.stored);
    const everything = await ask(
      "/sql?query=SELECT+countIf(type='everything'),(SELECT+sum(events)+FROM+by_hour)+FROM+events",
    );
    const [inEvents, inRollup] = everything.trim().split('\t');
    expect(inRollup).toBe(inEvents);
    expect(now.dead_letters).toBeGreaterThanOrEqual(books.rejected);
    expect(now.dead_letters).toBeLessThanOrEqual(books.rejected + unknown);
    await expect.poll(() => count('dead_letters')).toBe(now.dead_letters);
    const forgotten = async (): Promise<ForgottenOrders> => JSON.parse(await ask('/v1/forgotten'));
    const underWay = async () =>
      (await forgotten()).orders.filter(({ done_at }) => done_at === null).length;
    // One looks through all dead letters, and took 63 s beside much other work.
    await expect.poll(underWay, { timeout: 240_000 }).toBe(0);
    expect(new Set((await forgotten()).orders.map(({ id }) => id))).toEqual(books.orders);
    // Something of everything was met.
    expect(books.orders.size).toBeGreaterThan(0);
    expect(books.accepted).toBeGreaterThan(bodies / 4);
    expect(books.rejected).toBeGreaterThan(bodies / 8);
    for (const each of [200, 400, 401, 404, 405, 413, 415]) {
      expect(books.statuses.get(each) ?? 0).toBeGreaterThan(0);
    }
  }, 86_400_000);

  test('an answer that is too long for its time says so at its end, and breaks off', async () => {
    const path =
      '/sql?max_execution_time=1&default_format=JSON&query=SELECT+-0.0+FROM+numbers(1e18)';
    const headers = { authorization: `Bearer ${readKey}` };
    const sent = { method: 'GET', path, headers, body: Buffer.alloc(0), events: null };
    const before = books.brokenOff;
    // Where its time was over before any of it came, it is refused instead.
    const brokenOff = async () => {
      books.add(sent, await send(url, agent, sent));
      return books.brokenOff;
    };
    await expect.poll(brokenOff).toBe(before + 1);
  });

  test('slow senders, and those that never end, cost nothing once they are gone', async () => {
    const open = () => openSockets(millrace.pid);
    agent.destroy();
    // What was sent before ends in its own time.
    await expect.poll(open).toBeLessThanOrEqual(idleSockets + 2);
    const before = open();
    const { port } = new URL(url);
    const random = new Random(seed);
    const starts = [
      'P',
      'POST /v1/events HTTP/1.1\r\nHost: x\r\n',
      `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${writeKey}\r\nContent-Length: 100\r\n\r\n{`,
      `POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"`,
      `POST /sql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${readKey}\r\nContent-Length: 100\r\n\r\nSELECT`,
      `GET /sql?query=SELECT+number+FROM+numbers(9000000)&password=${readKey} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ];
    const sockets = Array.from({ length: 120 }, (): Socket => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
      socket.write(random.pick(starts));
      return socket.pause();
    });
    await expect
      .poll(open, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(before + sockets.length - 2);
    for (let n = 0; n < 50; n += 1) {
      for (const socket of sockets) if (random.chance(0.2)) socket.write(' ');
      const answer = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${writeKey}` },
        body: '{"type":"everything"}',
      });
      expect(answer.status).toBe(200);
    }
    for (const socket of sockets) if (random.chance(0.5)) socket.end();
    for (const socket of sockets) socket.destroy();
    await expect.poll(open).toBeLessThanOrEqual(before + 2);
    expect(millrace.errors).toBe('');
  });
});

interface ForgottenOrders {
  readonly orders: readonly { readonly id: string; readonly done_at: string | null }[];
}

function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => isSocket(join(folder, fd))).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since it was listed.
    return false;
  }
}

function report(
  { accepted, rejected, brokenOff, orders, statuses }: Books,
  memory: readonly Point[],
): string {
  const half = memory.slice(Math.floor(memory.length / 2));
  const met = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
  return [
    `${accepted} events accepted, ${rejected} rejected; ${met.join(', ')}; ${brokenOff} broke off; ${orders.size} orders to forget`,
    `memory over the second half: ${slope(half).toFixed(1)} bytes a body, ${(memory.at(-1)?.y ?? 0) / 1e6} MB at the end`,
  ].join('\n');
}

const shown = ({ method, path, headers, body, events }: FuzzRequest): string =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)} ${events} ${body.length} bytes: ${JSON.stringify(body.toString('latin1').slice(0, 1_500))}`;

/** Puts what was sent into the message of what went wrong with it. */
async function explained(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nsent: ${what}`, {
      cause: error,
    });
  }
}
