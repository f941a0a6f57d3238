/**
 * CPU time of the collector for each event: parsing, and checking with writing
 * in canonical form. Shop events of about 250 bytes in batches of 500.
 *
 *   npx jiti bench/collect.ts
 */
import { createCollector } from '../packages/millrace/src/collect/collector.ts';
import { defaultCollectLimits } from '../packages/millrace/src/collect/limits.ts';
import { nativeBatch } from '../packages/millrace/src/collect/native.ts';
import { readJson } from '../packages/millrace/src/collect/read-json.ts';
import { shopPlan } from '../packages/millrace/src/collect/shop-plan.suite.ts';
import type { LogWriter } from '../packages/millrace/src/ports/log.ts';

const batchSize = 500;
const secondsEach = 2;

// Does what a log must do at least: gather the lines into one buffer.
const log: LogWriter = {
  append: async (records) => {
    let lines = '';
    for (const { value } of records) lines += `${value}\n`;
    Buffer.from(lines);
    return { appended: records.length, duplicates: 0 };
  },
  marks: () => new Map(),
};
const clock = { now: () => Date.now() };
const collector = createCollector({ plan: shopPlan, log, deadLetters: log, clock });

const ids = Array.from({ length: batchSize }, (_, index) => index.toString().padStart(12, '0'));

const shopEvent = (id: string, extra: Record<string, unknown> = {}): unknown => ({
  event_id: `0192f3a4-5b6c-7d8e-9f00-${id}`,
  type: 'view',
  timestamp: new Date().toISOString(),
  user_id: `user-${id}`,
  session_id: `session-${id}`,
  properties: { product_id: `product-${id}`, category: 'garden', price: '19.99', ...extra },
});

const bodies: { readonly [name: string]: (lines: boolean) => Buffer } = {
  'shop events': (lines) =>
    body(
      ids.map((id) => shopEvent(id)),
      lines,
    ),
  'with an undeclared property': (lines) =>
    body(
      ids.map((id) => shopEvent(id, { color: 'red' })),
      lines,
    ),
  'with an escape in the body': (lines) =>
    body(
      ids.map((id) => shopEvent(id, { category: 'g"\u00e4rten' })),
      lines,
    ),
  'with a long number': (lines) =>
    body(
      ids.map((id) => shopEvent(id, { score: 0.1234567890123456 })),
      lines,
    ),
};

function body(events: unknown[], lines: boolean): Buffer {
  return Buffer.from(
    lines ? events.map((event) => JSON.stringify(event)).join('\n') : JSON.stringify(events),
  );
}

async function cpuMicros(name: string, bytes: Buffer, work: () => unknown): Promise<void> {
  for (let warm = 0; warm < 200; warm += 1) await work();
  const started = process.cpuUsage();
  const until = Date.now() + secondsEach * 1000;
  let rounds = 0;
  while (Date.now() < until) {
    await work();
    rounds += 1;
  }
  const { user, system } = process.cpuUsage(started);
  const micros = (user + system) / (rounds * batchSize);
  const size = Math.round(bytes.length / batchSize);
  console.log(`${micros.toFixed(2).padStart(7)} µs  ${name} (${size} bytes an event)`);
}

for (const [name, make] of Object.entries(bodies)) {
  const bytes = make(false);
  console.log(name);
  await cpuMicros('JSON.parse alone', bytes, () => JSON.parse(bytes.toString()));
  await cpuMicros('readJson', bytes, () => readJson(bytes, false, defaultCollectLimits));
  await cpuMicros('readJson, check, write, append', bytes, () =>
    collector.collect(nativeBatch(readJson(bytes, false, defaultCollectLimits))),
  );
  const lines = make(true);
  await cpuMicros('the same as NDJSON', lines, () =>
    collector.collect(nativeBatch(readJson(lines, true, defaultCollectLimits))),
  );
}
