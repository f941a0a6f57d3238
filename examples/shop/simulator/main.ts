// Shoppers for the shop: `npm start` runs this beside the server.
//   MILLRACE_URL            where the collector is (http://127.0.0.1:8080)
//   MILLRACE_SIMULATE_RATE  events a second (50)
//   MILLRACE_SIMULATE_SEED  a whole number; with the same rate it sends the same events
//   MILLRACE_WRITE_KEYS     the first is used, where the collector wants a key
import { randomInt } from 'node:crypto';
import { Ledger } from './ledger.ts';
import { simulate } from './simulate.ts';

const seedMax = 2 ** 32 - 1;
const rateMax = 20_000;

function setting(name: string, fallback: number, least: number, most: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}.`);
}

async function main(): Promise<void> {
  const rate = setting('MILLRACE_SIMULATE_RATE', 50, 0.1, rateMax);
  const seed = Math.trunc(setting('MILLRACE_SIMULATE_SEED', randomInt(seedMax), 0, seedMax));
  const writeKey = process.env.MILLRACE_WRITE_KEYS?.split(',')[0]?.trim();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

  console.log(
    `simulator: shoppers send about ${rate} events/s, seed ${seed} (MILLRACE_SIMULATE=off for none)`,
  );
  await simulate({
    url: process.env.MILLRACE_URL ?? 'http://127.0.0.1:8080',
    ...(writeKey ? { writeKey } : {}),
    seed,
    rate,
    ledger: new Ledger(),
    onSurprise: (sentence) => console.error(`simulator: ${sentence}`),
    signal: stop.signal,
  });
}

try {
  await main();
} catch (error) {
  console.error(`simulator: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
