import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readUntil } from '../support/kafka-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-flink-'));
const partitions = 2;

let kafka: Kafka;
let flink: Flink;
let admin: Admin;
let producer: Producer<string, string, string, string>;
beforeAll(async () => {
  kafka = await startKafka({ folder: join(folder, 'kafka') });
  flink = await startFlink({ folder: join(folder, 'flink') });
  const client = kafkaClient(kafka.addresses.bootstrap);
  admin = new Admin(client);
  producer = new Producer({ ...client, serializers: stringSerializers, acks: ProduceAcks.ALL });
});
afterAll(async () => {
  await producer.close();
  await admin.close();
  await flink.stop();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.for(['taskmanager-1', 'jobmanager'])(
  'a job copies each record once, the %s killed on the way',
  async (victim) => {
    const [from, to] = [`${victim}-in`, `${victim}-out`];
    await admin.createTopics({ topics: [from, to], partitions });
    const copied = (enough: (values: readonly string[]) => boolean) =>
      readUntil(kafka.addresses.bootstrap, to, enough);
    const job = await startCopying(from, to);

    const sent: string[] = [];
    const send = async (values: readonly string[]): Promise<void> => {
      const messages = values.map((value, index) => ({
        ...{ topic: from, value },
        partition: index % partitions,
      }));
      await producer.send({ messages });
      sent.push(...values);
    };
    let sending = true;
    const sendOn = async (): Promise<void> => {
      while (sending) {
        await send(Array.from({ length: 100 }, (_, index) => String(sent.length + index)));
        await sleep(50);
      }
    };
    const strike = async (): Promise<void> => {
      await copied((values) => values.length > 0);
      flink.kill(victim, 'SIGKILL');
      await flink.restart(victim);
      const afterwards = String(sent.length);
      await copied((values) => values.includes(afterwards));
      sending = false;
    };
    await Promise.all([sendOn(), strike()]);

    // A partition is copied in its order: what has not come before its last record never will.
    const last = Array.from({ length: partitions }, (_, partition) => `last of ${partition}`);
    await send(last);
    const values = await copied((all) => last.every((value) => all.includes(value)));
    expect(values.toSorted()).toEqual(sent.toSorted());
    await fetch(`${flink.addresses.rest}/jobs/${job}?mode=cancel`, { method: 'PATCH' });
  },
);

/** Starts a job with a sink that takes part in Flink's checkpoints by Kafka's transactions. */
function startCopying(from: string, to: string): Promise<string> {
  const table = (name: string, topic: string, options: readonly string[]): string => {
    const shared = [
      `'connector' = 'kafka', 'topic' = '${topic}', 'format' = 'raw'`,
      `'properties.bootstrap.servers' = '${kafka.addresses.bootstrap}'`,
    ];
    return `CREATE TEMPORARY TABLE ${name} (line STRING) WITH (${[...shared, ...options].join(', ')})`;
  };
  return submitJob(flink.addresses.sqlGateway, {
    name: to,
    settings: {
      'parallelism.default': String(partitions),
      'execution.checkpointing.interval': '1 s',
    },
    statements: [
      table('source', from, [`'scan.startup.mode' = 'earliest-offset'`]),
      table('sink', to, [
        `'sink.delivery-guarantee' = 'exactly-once'`,
        `'sink.transactional-id-prefix' = '${to}'`,
        `'properties.transaction.timeout.ms' = '600000'`,
      ]),
      'INSERT INTO sink SELECT line FROM source',
    ],
  });
}
