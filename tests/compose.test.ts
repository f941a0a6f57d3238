import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { resolveSettings, settings } from '../packages/millrace/src/cli/settings.ts';
import { flinkJobs } from '../packages/millrace/src/compile/flink/jobs.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { readVersions } from '../tools/stack/versions.ts';
import pipeline from './support/ledger.config.ts';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly environment?: { readonly [name: string]: string | number };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: { readonly [service: string]: { readonly condition: string } };
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } };
  };
}

interface Compose {
  readonly services: { readonly [name: string]: Service };
  readonly volumes: { readonly [name: string]: unknown };
}

const read = (path: string): string =>
  readFileSync(new URL(`../deploy/${path}`, import.meta.url), 'utf8');
const readSupport = (path: string): string =>
  readFileSync(new URL(`support/${path}`, import.meta.url), 'utf8');
const compose: Compose = parse(read('compose.yaml'), { merge: true });
const services = Object.entries(compose.services);

/** What stands for a value that whoever starts it gives. */
const given = '(given)';
const environmentOf = (service: string): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(compose.services[service]?.environment ?? {}).map(([name, value]) => [
      name,
      String(value).replace(/^\$\{.*\}$/, given),
    ]),
  );

describe('deploy/compose.yaml', () => {
  const schema = JSON.parse(readSupport('compose-spec/compose-spec.json'));
  // Its formats (ports, durations) are Compose's own.
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);

  test('is a Compose file by its specification', () => {
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    const misspelt = { ...compose, services: { kafka: { imagee: 'apache/kafka' } } };
    expect(validate(misspelt)).toBe(false);
  });

  test('names a version of every image, the ones that the tests run where they run one', () => {
    const { kafka, flink } = readVersions();
    const versionOf = (artifacts: readonly string[], name: string): string =>
      artifacts.find((one) => one.startsWith(`${name}:`))?.slice(name.length + 1) ?? '';
    const froms = ['Dockerfile', 'flink/Dockerfile'].flatMap((path) =>
      [...read(path).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? ''),
    );
    const images = [...services.flatMap(([, { image }]) => image ?? []), ...froms];
    for (const image of images) expect(image).toMatch(/^[a-z./-]+:(RELEASE\.)?\d[\w.-]*$/);
    const kafkaVersion = versionOf(kafka.maven, 'org.apache.kafka:kafka_2.13');
    expect(images).toContain(`apache/kafka:${kafkaVersion}`);
    const flinkVersion = versionOf(flink.maven, 'org.apache.flink:flink-sql-gateway');
    expect(images).toContain(`flink:${flinkVersion}-java17`);
    const connector = versionOf(flink.maven, 'org.apache.flink:flink-sql-connector-kafka');
    expect(read('flink/Dockerfile')).toContain(`ARG VERSION=${connector}\n`);
    const sum = flink.sha256[`flink-sql-connector-kafka-${connector}.jar`];
    expect(read('flink/Dockerfile')).toContain(`ARG SHA256=${sum}\n`);
  });

  test.each(services)(
    '%s is bounded, reached from this machine alone, and watched',
    (_, service) => {
      expect(service.deploy?.resources.limits).toEqual({
        cpus: expect.stringMatching(/^\d/),
        memory: expect.stringMatching(/^\d+[MG]$/),
      });
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      const ends = service.restart === 'no';
      expect(service.healthcheck !== undefined).toBe(!ends);
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        const ended = compose.services[name]?.restart === 'no';
        expect(condition).toBe(ended ? 'service_completed_successfully' : 'service_healthy');
      }
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (!/^[.$]/.test(source)) expect(Object.keys(compose.volumes)).toContain(source);
      }
    },
  );

  test('gives no two services one port', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    const published = ports.map((port) => port.split(':')[1]);
    expect(new Set(published).size).toBe(published.length);
  });

  test('asks for what is secret, and says so in the README', () => {
    const secret = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /(KEYS|PASSWORD|SECRET)$/.test(name)),
    );
    expect(secret.length).toBeGreaterThan(0);
    for (const [name, value] of secret) {
      const [, variable] = /^\$\{(\w+):(?:\?.+|-)\}$/.exec(String(value)) ?? [];
      expect(variable, `${name} is written into the file`).toBeDefined();
      expect(read('README.md')).toContain(`${variable}=`);
    }
  });
});

describe('what it tells Millrace', () => {
  const roles = services.filter(([, { build }]) => build?.dockerfile === 'deploy/Dockerfile');
  test.each(roles)('%s: settings that there are, with values they take', (name, service) => {
    const known = Object.values(settings).map(({ env }) => env);
    const env = environmentOf(name);
    for (const variable of Object.keys(env)) expect(known).toContain(variable);
    const understood = resolveSettings({ flags: {}, env });
    expect(understood.role).toBe(env.MILLRACE_ROLE ?? 'all');
    expect(service.command?.[0] === 'start').toBe('MILLRACE_ROLE' in env);
    for (const port of service.ports ?? []) expect(port.split(':')[2]).toBe(`${understood.port}`);
    // Who can be reached from other containers needs keys.
    if (understood.host === '0.0.0.0') {
      expect([...understood.writeKeys, ...understood.readKeys]).toContain(given);
    }
  });

  test.each(roles)('%s: addresses of services that it waits for', (name) => {
    const awaited = new Set<string>();
    const collect = (one: string): void => {
      for (const next of Object.keys(compose.services[one]?.depends_on ?? {})) {
        if (awaited.has(next)) continue;
        awaited.add(next);
        collect(next);
      }
    };
    collect(name);
    const addresses = Object.values(environmentOf(name)).flatMap((value) => {
      const [, host] = /^(?:http:\/\/)?([a-z][a-z-]+):\d+$/.exec(value) ?? [];
      return host === undefined ? [] : [host];
    });
    expect(addresses).toContain('kafka');
    for (const host of addresses) expect(awaited).toContain(host);
    const listeners = String(compose.services.kafka?.environment?.KAFKA_ADVERTISED_LISTENERS);
    expect(listeners.split(',')).toContain(`PLAINTEXT://${environmentOf(name).MILLRACE_KAFKA}`);
  });
});

describe('what it tells Kafka and Flink', () => {
  const kafka = compose.services.kafka?.environment ?? {};

  test('no topic is made by accident', () => {
    expect(kafka.KAFKA_AUTO_CREATE_TOPICS_ENABLE).toBe('false');
  });

  const { transactionTimeoutMinutes, parallelism } = resolveSettings({
    flags: {},
    env: environmentOf('apply'),
  });
  const jobs = flinkJobs(planOf(pipeline), {
    bootstrapServers: 'kafka:9092',
    transactionTimeoutMs: transactionTimeoutMinutes * 60_000,
    parallelism,
  });

  test('transactions may last as long as the jobs ask for', () => {
    const text = jobs.flatMap(({ statements }) => statements).join('\n');
    const asked = [...text.matchAll(/'properties.transaction.timeout.ms' = '(\d+)'/g)];
    expect(asked.length).toBeGreaterThan(0);
    for (const [, timeoutMs] of asked) {
      expect(Number(kafka.KAFKA_TRANSACTION_MAX_TIMEOUT_MS)).toBeGreaterThanOrEqual(
        Number(timeoutMs),
      );
    }
  });

  test('Flink has room for all jobs at once', () => {
    const [, slots] =
      /^taskmanager.numberOfTaskSlots: (\d+)$/m.exec(
        String(compose.services.taskmanager?.environment?.FLINK_PROPERTIES),
      ) ?? [];
    expect(Number(slots)).toBeGreaterThanOrEqual(jobs.length * parallelism);
  });

  test('one broker holds one copy', () => {
    for (const name of [
      'KAFKA_DEFAULT_REPLICATION_FACTOR',
      'KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR',
      'KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR',
      'KAFKA_TRANSACTION_STATE_LOG_MIN_ISR',
    ]) {
      expect(kafka[name]).toBe(1);
    }
  });
});
