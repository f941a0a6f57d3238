import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MillraceProcess, settled } from './support/millrace-process.ts';
import { type Ended, runCommand } from './support/run-command.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const millrace = (args: readonly string[], input = ''): Promise<Ended> =>
  runCommand(args, { cwd: folder, input });

describe('millrace', () => {
  test.each([
    [['--help'], 'millrace start'],
    [['start', '--help'], 'MILLRACE_WRITE_KEYS'],
    [['check', '--help'], 'millrace check --pipeline'],
    [['ddl', '--help'], 'millrace ddl --cluster main'],
    [['import', '--help'], 'defineImport'],
    [['sql', '--help'], 'GROUP BY type'],
    [['dead-letters', '--help'], 'dead-letters retry --code'],
    [['dead-letters', 'retry', '--help'], 'stored once'],
  ])('%s teaches', async (args, lesson) => {
    const { code, output } = await millrace(args);
    expect(code).toBe(0);
    expect(output).toContain(lesson);
  });

  test('an unknown flag is not passed over', async () => {
    const { code, errors } = await millrace(['start', '--prot', '1']);
    expect(code).toBe(1);
    expect(errors).toContain('--prot');
  });
});

describe('millrace ddl', () => {
  test('prints the tables of one server, or of a cluster', async () => {
    const one = await millrace(['ddl', '--pipeline', pipeline]);
    expect(one).toMatchObject({ code: 0, errors: '' });
    expect(one.output).toContain('CREATE TABLE IF NOT EXISTS `millrace`.`events`\n');
    expect(one.output).not.toContain('Replicated');
    const many = await millrace(['ddl', '--pipeline', pipeline, '--cluster', 'main']);
    expect(many).toMatchObject({ code: 0, errors: '' });
    expect(many.output).toContain('`millrace`.`events__local` ON CLUSTER `main`\n');
    expect(many.output).toContain("ENGINE = Distributed('main', 'millrace', 'events__local');\n");
  });
});

test.each([
  ['forget_unavailable', ['forget', '--user', 'u1', '--rebuild']],
  ['forget_unavailable', ['forget', '--user', 'u1', '--cluster', 'main']],
  [
    'replay_invalid',
    ['replay', 'start', '--rollup', 'r', '--from', 'log', '--since', '2026-05-01'],
  ],
])('what a cluster does not have yet is refused: %s', async (refusal, args) => {
  const { code, errors } = await millrace([...args, '--kafka', '127.0.0.1:1']);
  expect(errors).toContain(`(${refusal})`);
  expect(code).toBe(1);
});

describe('millrace check', () => {
  test('is content with a pipeline that can run', async () => {
    expect(await millrace(['check', '--pipeline', pipeline])).toMatchObject({
      code: 0,
      output: expect.stringContaining('is in order'),
    });
  });

  test('names every contradiction with its place and its mend', async () => {
    const path = join(folder, 'contradiction.config.ts');
    writeFileSync(
      path,
      `import { count, definePipeline, event, rollup, string, sum } from 'millrace';
       export default definePipeline({
         name: 'shop',
         events: { view: event({ product_id: string() }) },
         rollups: [
           rollup('views', { from: 'view', every: 'minute', by: ['produkt_id'], measures: { n: count() } }),
           rollup('views', { from: 'vue', every: 'minute', measures: { n: count() } }),
           rollup('sums', { from: 'view', every: 'minute', measures: { n: sum('product_id') } }),
         ],
       } as never);`,
    );
    const { code, output } = await millrace(['check', '--pipeline', path]);
    expect(code).toBe(1);
    expect(output).toMatch(/rollups\[0\]\.by.*produkt_id.*\n.*product_id/);
    expect(output).toMatch(/rollups\[1\]\.name/);
    expect(output).toMatch(/rollups\[1\]\.from.*vue/);
    expect(output).toMatch(/rollups\[2\]\.measures\.n/);
  });

  test('says where a file is missing or does not run', async () => {
    expect(await millrace(['check', '--pipeline', 'nowhere.ts'])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('pipeline_not_found'),
    });
    writeFileSync(join(folder, 'broken.ts'), 'export default definePipeline(');
    expect(await millrace(['check', '--pipeline', 'broken.ts'])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('pipeline_invalid'),
    });
  });
});

describe('millrace import', () => {
  const mapping = (body: string): string => `export default ${body};\n`;
  const event = "event: (row) => ({ type: 'click', timestamp: row.time('at') })";

  test.each([
    ['that is not there', null, 'There is no mapping file at'],
    ['that does not run', 'throw new Error("no");\n', 'does not run: no'],
    ['that maps nothing', mapping('{}'), 'event is not a function'],
    ['of an unknown zone', mapping(`{ ${event}, zone: 'Mars' }`), 'Mars'],
    ['of an unknown encoding', mapping(`{ ${event}, encoding: 'utf-9' }`), 'utf-9'],
    ['with a misspelt option', mapping(`{ ${event}, delimeter: ';' }`), 'delimeter'],
    [
      'that asks for a column the file lacks',
      mapping("{ event: (row) => ({ type: 'click', timestamp: row.time('when') }) }"),
      'when',
    ],
    [
      'with a pattern that has no day',
      mapping("{ event: (row) => ({ type: 'click', timestamp: row.time('at', 'YYYY') }) }"),
      'YYYY',
    ],
  ])('says what is wrong with a mapping %s', async (_, text, why) => {
    writeFileSync(join(folder, 'clicks.csv'), 'at,who\n2026-05-01,ann\n');
    rmSync(join(folder, 'mapping.ts'), { force: true });
    if (text !== null) writeFileSync(join(folder, 'mapping.ts'), text);
    const args = ['--mapping', 'mapping.ts', '--pipeline', pipeline, '--dry-run'];
    const { code, errors } = await millrace(['import', 'clicks.csv', ...args]);
    expect(errors).toContain(why);
    expect(errors).toContain('(import_invalid)');
    expect(code).toBe(1);
  });
});

describe('millrace start', () => {
  const running: MillraceProcess[] = [];
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(folder, 'data-'));
  });
  afterEach(async () => {
    for (const one of running.splice(0)) if (one.running) await one.stop();
  });
  const start = (args: readonly string[] = [], env: { readonly [name: string]: string } = {}) => {
    const one = new MillraceProcess({ pipeline, data, args, env });
    running.push(one);
    return one;
  };
  const post = (url: string, headers: { readonly [name: string]: string } = {}) =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"type":"view","properties":{"product_id":"p","price":"1.00"}}',
    });

  test('prints what to try next, and the lines work', async () => {
    const one = start();
    const url = await one.url();
    // It is printed a moment after the first answer.
    await expect.poll(() => one.output).toContain('How is it doing');
    const [, example = ''] = /-d '(\{.*\})'/.exec(one.output) ?? [];
    const [, question = ''] = /-d '(SELECT .*)'/.exec(one.output) ?? [];
    const sent = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: example,
    });
    expect(await sent.json()).toMatchObject({ accepted: 1, rejected: [] });
    await settled(url);
    const asked = await fetch(`${url}/sql?default_format=PrettyCompact`, {
      method: 'POST',
      body: question,
    });
    expect(await asked.text()).toContain('bucket');
    expect((await fetch(`${url}/`)).headers.get('content-type')).toContain('text/html');
    expect(await one.stop()).toEqual({ code: 0, signal: null });
    expect(one.output).toContain('Everything accepted is stored');
  });

  test('a data folder that another process has open is refused, and the other goes on', async () => {
    const one = start();
    const url = await one.url();
    const two = start();
    expect((await two.exited).code).toBe(1);
    expect(two.errors).toContain('data_folder_in_use');
    expect((await post(url)).status).toBe(200);
  });

  test('a port that is taken is refused', async () => {
    const one = start();
    const { port } = new URL(await one.url());
    data = mkdtempSync(join(folder, 'data-'));
    const two = start(['--port', port]);
    expect((await two.exited).code).toBe(1);
    expect(two.errors).toContain('port_in_use');
  });

  test('an address that others can reach needs keys', async () => {
    const one = start(['--host', '0.0.0.0']);
    expect((await one.exited).code).toBe(1);
    expect(one.errors).toContain('key_required');
  });

  test('write keys open ingestion alone, read keys the rest', async () => {
    const one = start([], { MILLRACE_WRITE_KEYS: 'w1,w2', MILLRACE_READ_KEYS: 'r1' });
    const url = await one.url();
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const ask = (path: string, key?: string) =>
      fetch(`${url}${path}`, key === undefined ? {} : { headers: bearer(key) }).then(
        ({ status }) => status,
      );
    expect((await post(url)).status).toBe(401);
    expect((await post(url, bearer('r1'))).status).toBe(401);
    expect((await post(url, bearer('w2'))).status).toBe(200);
    for (const path of ['/sql?query=SELECT+1', '/v1/status', '/metrics', '/v1/dead-letters']) {
      expect([path, await ask(path), await ask(path, 'w1'), await ask(path, 'r1')]).toEqual([
        path,
        401,
        401,
        200,
      ]);
    }
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual([200, 200]);
    expect(one.output + one.errors).not.toMatch(/\b(w1|w2|r1)\b/);
  });

  test('tells how it is doing, to people and to Prometheus', async () => {
    const url = await start().url();
    await post(url);
    expect(await settled(url)).toMatchObject({
      pipeline: 'ledger',
      accepted: 1,
      stored: 1,
      duplicates: 0,
      late: 0,
      dead_letters: 0,
      lag_ms: expect.any(Number),
      problem: null,
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(
      /# TYPE millrace_events_stored_total counter\nmillrace_events_stored_total 1\n/,
    );
    expect(metrics).toMatch(/# TYPE millrace_lag_seconds gauge/);
  });

  test('answers millrace sql, from an argument or standard input, and with the error of the engine', async () => {
    const { port } = new URL(await start().url());
    const sql = (args: readonly string[], input?: string) =>
      millrace(['sql', '--port', port, ...args], input);
    expect(await sql(['SELECT 1 + 1 AS two', '--format', 'CSVWithNames'])).toMatchObject({
      code: 0,
      output: '"two"\n2\n',
    });
    expect(await sql(['--format', 'TSV'], 'SELECT count() FROM events')).toMatchObject({
      code: 0,
      output: '0\n',
    });
    expect(await sql(['SELECT nothing FROM events'])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('Code: 47'),
    });
    expect(await sql(["SELECT file('/etc/passwd')"])).toMatchObject({ code: 1 });
    expect(await millrace(['sql', '--port', '1', 'SELECT 1'])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('not_running'),
    });
  });

  test('shows dead letters, and sends them again', async () => {
    const url = await start().url();
    const { port } = new URL(url);
    const letters = (...args: readonly string[]) =>
      millrace(['dead-letters', ...args, '--port', port]);
    expect(await letters('list')).toMatchObject({
      code: 0,
      output: 'There are no dead letters.\n',
    });
    const raw = '{"type":"vue", "event_id":"v"}';
    await fetch(`${url}/v1/events`, { method: 'POST', body: raw });
    await expect
      .poll(async () => (await letters('list', '--type', 'vue')).output)
      .toContain('unknown_event_type: 1');
    expect((await letters('show', '0/0')).output).toContain(`\n\n${raw}\n`);
    expect(await letters('retry', '0/0')).toMatchObject({
      code: 1,
      output: expect.stringContaining('0 accepted (0 of them were there already), 1 refused again'),
    });
    expect(JSON.parse((await letters('list', '--json')).output)).toMatchObject({
      counts: [{ code: 'unknown_event_type', letters: 1, retried: 0 }],
      letters: [{ id: '0/0', type: 'vue', event_id: 'v', retried_at: null }],
    });
    expect(await letters('show', '0/9')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('not_found'),
    });
    for (const wrong of ['list?since=soon', 'list?limit=many', 'list?code=a&code=b']) {
      const { status } = await fetch(`${url}/v1/dead-letters${wrong.slice(4)}`);
      expect([wrong, status]).toEqual([wrong, 400]);
    }
  });
});
