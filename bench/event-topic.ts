import { TopicAdmin } from '../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { TopicProducer } from '../packages/millrace/src/adapters/kafka/topic-producer.ts';
import type { Plan } from '../packages/millrace/src/plan/plan.ts';
import { schemaVersion } from '../packages/millrace/src/plan/schema-version.ts';
import type { LogRecord } from '../packages/millrace/src/ports/log.ts';
import { ownRowsTemplate } from './events.ts';
import type { Template } from './template.ts';

export interface EventTopic {
  readonly name: string;
  readonly records: number;
  /** Records whose key no record before them has. */
  readonly events: number;
}

export interface FillOptions {
  readonly bootstrap: string;
  readonly plan: Plan;
  readonly partitions: number;
  readonly events: number;
  /** What becomes of the lines of some events before they are written. */
  readonly rewrite?: (lines: readonly string[]) => readonly string[];
}

const atOnce = 5_000;
/** Of so many events one comes a second time, in the next batch. */
const repeatedEach = 50;

/** A new topic of events as collectors write them, every fiftieth of them twice. */
export async function fillEventTopic(
  name: string,
  { bootstrap, plan, partitions, events, rewrite = unchanged }: FillOptions,
): Promise<EventTopic> {
  await makePlainTopic(bootstrap, name, partitions);
  const producer = new TopicProducer({
    ...{ clientId: 'bench', brokers: [bootstrap], topic: name, compression: 'lz4' },
    sendMsMax: 30_000,
  });
  const headers = { schema: schemaVersion(plan) };
  const template = ownRowsTemplate(atOnce, plan);
  let before: readonly LogRecord[] = [];
  let numbered = 0;
  let written = 0;
  let records = 0;
  while (written < events) {
    const fresh = rewrite(linesOf(template, numbered))
      .slice(0, events - written)
      .map((value) => ({ key: idOf(value), value, headers }));
    const again = before.filter((_, i) => i % repeatedEach === 0);
    await producer.send([...fresh, ...again], Date.now());
    numbered += atOnce;
    written += fresh.length;
    records += fresh.length + again.length;
    before = fresh;
  }
  await producer.close();
  return { name, records, events };
}

/** Without what a plan says of its topics. */
export async function makePlainTopic(
  bootstrap: string,
  name: string,
  partitions: number,
): Promise<void> {
  const admin = new TopicAdmin({ clientId: 'bench', brokers: [bootstrap] });
  // A delta may be large.
  const config = { 'max.message.bytes': String(16 * 1_048_576) };
  await admin.create({ name, partitions, replication: 1, config });
  await admin.close();
}

const unchanged = (lines: readonly string[]): readonly string[] => lines;

function linesOf(template: Template, first: number): readonly string[] {
  template.fill(first, String(Date.now()));
  return template.bytes.toString('latin1').trimEnd().split('\n');
}

function idOf(line: string): string {
  const [, id] = /"event_id":"([^"]+)"/.exec(line) ?? [];
  if (id === undefined) throw new Error(`no id in ${line}`);
  return id;
}
