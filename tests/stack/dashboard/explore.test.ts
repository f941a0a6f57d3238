import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../../tools/stack/ports.ts';
import { dashboardInChromium, purchase, send, view } from '../../support/dashboard.ts';
import { settled } from '../../support/millrace-process.ts';
import { Random, testSeed } from '../../support/random.ts';

const dashboard = dashboardInChromium({ timezoneId: 'Europe/London' });

const seed = testSeed();

const at = (timestamp: string, event: object): object => ({ ...event, timestamp });

/** Two days, and one of the two before them. In London the clock is ahead of UTC by an hour. */
const events = [
  at('2025-07-01T12:00:00Z', purchase('4.00', 'EUR')),
  at('2025-07-02T23:30:00Z', purchase('1234567.80', 'EUR')),
  at('2025-07-03T10:00:00Z', purchase('0.25', 'EUR')),
  at('2025-07-03T11:00:00Z', purchase('20.50', 'USD')),
  at('2025-07-04T09:00:00Z', purchase('7.00', 'GBP')),
  at('2025-07-04T10:00:00Z', view('boot')),
];

const asked = new URLSearchParams([
  ['from', 'purchase'],
  ['measure', 'count'],
  ['measure', 'sum:value'],
  ['by', 'currency'],
  ['top', '1'],
  ['since', '2025-07-02T23:00:00Z'],
  ['until', '2025-07-04T23:00:00Z'],
  ['zone', 'Europe/London'],
  ['every', 'day'],
  ['compare', 'previous'],
]);

interface Purchase {
  /** Of July 2025, in UTC. */
  readonly day: number;
  readonly currency: string;
  readonly cents: number;
}

/** As they come where there are as many of each. */
const currencies = ['CHF', 'EUR', 'GBP', 'USD'];

const randomPurchases = (random: Random): readonly Purchase[] =>
  Array.from({ length: 60 }, () => ({
    day: random.between(1, 3),
    currency: random.pick(currencies),
    cents: random.between(100, 9_999),
  }));

const amount = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 2 });

/** How many there are each day, and their sum: of the two currencies that have most, and of all others. */
function dailyRows(purchases: readonly Purchase[]): readonly (readonly string[])[] {
  const countOf = (currency: string): number =>
    purchases.filter((one) => one.currency === currency).length;
  const greatest = [...currencies].sort((a, b) => countOf(b) - countOf(a)).slice(0, 2);
  const groupOf = ({ currency }: Purchase): string =>
    greatest.includes(currency) ? currency : 'all others';
  return [1, 2, 3].flatMap((day) =>
    [...greatest, 'all others'].flatMap((group) => {
      const members = purchases.filter((one) => one.day === day && groupOf(one) === group);
      const cents = members.reduce((sum, one) => sum + one.cents, 0);
      const row = [`${day} Jul 2025`, group, String(members.length), amount.format(cents / 100)];
      return members.length > 0 ? [row] : [];
    }),
  );
}

const cells = async (): Promise<readonly (readonly string[])[]> => {
  const table = dashboard.page.getByRole('table', { name: 'The answer as a table' });
  const lines = await table.locator('tbody tr').all();
  return Promise.all(lines.map((line) => line.locator('td').allTextContents()));
};

describe(`exploring (seed ${seed})`, () => {
  test('shows what was sent, in a chart, in a table, and as CSV', async () => {
    const url = await dashboard.start();
    await send(url, events);
    await settled(url);
    await dashboard.page.goto(`${url}/explore?${asked}`);

    const shown = [
      ['3 Jul 2025', 'EUR', '2', '1', '1,234,568.05', '4.00'],
      ['3 Jul 2025', 'all others', '1', '0', '20.50', '0.00'],
      ['4 Jul 2025', 'EUR', '0', '0', '0.00', '0.00'],
      ['4 Jul 2025', 'all others', '1', '0', '7.00', '0.00'],
    ];
    await expect.poll(cells).toEqual(shown);
    for (const name of ['count', 'sum_value'])
      await dashboard.page.getByRole('img', { name: `${name} over time` }).waitFor();
    await dashboard.expectAccessible();

    const [download] = await Promise.all([
      dashboard.page.waitForEvent('download'),
      dashboard.page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    const csv = readFileSync(await download.path(), 'utf8').split('\r\n');
    expect(csv.slice(0, 3)).toEqual([
      'bucket,other,currency,count,count_previous,sum_value,sum_value_previous',
      '2025-07-02T23:00:00Z,false,EUR,2,1,1234568.05,4.00',
      '2025-07-02T23:00:00Z,true,,1,0,20.50,0.00',
    ]);
    expect(dashboard.complaints).toEqual([]);
  });

  test('answers a question put together by hand, from what was sent', async () => {
    const url = await dashboard.start();
    const { page } = dashboard;
    const sent = randomPurchases(new Random(seed));
    await send(url, [
      ...sent.map(({ day, currency, cents }, i) =>
        at(`2025-07-0${day}T12:00:00Z`, {
          ...purchase((cents / 100).toFixed(2), currency),
          event_id: `p${i}`,
        }),
      ),
      at('2025-07-02T12:00:00Z', view('boot')),
    ]);
    await settled(url);
    await page.goto(`${url}/explore`);

    const types = page.getByRole('group', { name: 'Events' });
    await types.getByText('purchase', { exact: true }).click();
    await types.getByText('view', { exact: true }).click();
    await page.getByRole('button', { name: 'Add a measure' }).click();
    await page.getByLabel('Measure', { exact: true }).nth(1).selectOption('Sum');
    await page.getByLabel('Of', { exact: true }).selectOption('value');
    await page.getByRole('button', { name: 'Add a filter' }).click();
    await page.getByLabel('Field', { exact: true }).selectOption('value');
    await page.getByLabel('Comparison').selectOption('at least');
    await page.getByLabel('Value', { exact: true }).fill('20.00');
    await page.getByLabel('Value', { exact: true }).press('Tab');
    await page.getByLabel('Break down by …').selectOption('currency');
    await page.getByLabel('Groups shown').fill('2');
    await page.getByLabel('Groups shown').press('Tab');
    await page.getByLabel('Time zone').selectOption('UTC');
    await page.getByLabel('Range', { exact: true }).selectOption('Between two times');
    await page.getByLabel('From', { exact: true }).fill('2025-07-01T00:00');
    await page.getByLabel('To', { exact: true }).fill('2025-07-04T00:00');
    await page.getByLabel('Bucket').selectOption('day');
    await page.getByLabel('Fill gaps').uncheck();

    const expected = dailyRows(sent.filter(({ cents }) => cents >= 2_000))
      .map(String)
      .sort();
    const shown = async () => (await cells()).map(String).sort();
    await expect.poll(shown).toEqual(expected);
    await page.reload();
    await expect.poll(shown).toEqual(expected);
    expect(dashboard.complaints).toEqual([]);
  });

  test('offers a sample of what is too much to read, and says how far off it may be', async () => {
    // An hour of each month: slices of time read some of them.
    const url = await dashboard.start({ env: { MILLRACE_QUESTION_ROWS_MAX: '800' } });
    const { page } = dashboard;
    const sent = Array.from({ length: 1_000 }, (_, n) =>
      at(new Date(Date.UTC(2023, n % 20, 15, 12, n % 60)).toISOString(), {
        ...view('boot'),
        event_id: `v${n}`,
      }),
    );
    await send(url, sent);
    await settled(url);
    const range = 'since=2023-01-01T00:00:00Z&until=2024-09-01T00:00:00Z&zone=UTC';
    await page.goto(
      `${url}/explore?from=view&measure=count&measure=avg:price&by=category&every=total&${range}`,
    );
    await dashboard.shows('[role=alert]', 'question_too_costly');
    await dashboard.expectAccessible();

    await page.getByRole('button', { name: 'Ask a sample' }).click();
    await dashboard.shows('#sampled', 'A sample: 50% of the time was read, 256 slices of');
    const [[category, number = '', low = '', high = '', ...mean] = []] = await cells();
    expect(category).toBe('shoes');
    const numberOf = (text: string): number => Number(text.replaceAll(',', ''));
    expect(numberOf(number) % 100).toBe(0);
    expect(numberOf(low)).toBeLessThan(1_000);
    expect(numberOf(high)).toBeGreaterThan(1_000);
    expect(mean).toEqual(['1,235', '1,235', '1,235']);
    await dashboard.expectAccessible();
    expect(dashboard.complaints).toEqual([expect.stringContaining('422')]);

    await page.getByLabel('Bucket').selectOption('month');
    await page.getByRole('img', { name: 'count over time' }).waitFor();
    await dashboard.shows('.u-label', 'shoes, at most (95%)');
    expect(new URL(page.url()).searchParams.get('sample')).toBe('auto');
    await page.reload();
    await dashboard.shows('#sampled', 'A sample: 50% of the time was read');
    await page.getByLabel('Language').selectOption('Русский');
    await dashboard.shows('#sampled', 'Выборка: прочитано 50');
    await page.getByLabel('По выборке').click();
    await dashboard.shows('[role=alert]', 'question_too_costly');
    await page.getByRole('button', { name: 'Спросить по выборке' }).waitFor();
  });

  test('says that there is nothing, what is wrong, and that the server is away, until it is back', async () => {
    const port = ['--port', String(await freePort())];
    const url = await dashboard.start({ args: port });
    const { page } = dashboard;
    await send(url, events);
    await settled(url);
    const open = (more: { readonly [name: string]: string }): Promise<unknown> =>
      page.goto(
        `${url}/explore?${new URLSearchParams({ from: 'purchase', zone: 'UTC', ...more })}`,
      );
    await open({
      measure: 'sum:value',
      since: '2001-01-01T00:00:00Z',
      until: '2001-01-02T00:00:00Z',
    });
    await dashboard.shows('.state-of-view', 'No event answers this question.');
    expect(await page.getByLabel('Fill gaps').isChecked()).toBe(true);
    expect(dashboard.complaints).toEqual([]);

    await open({
      where: 'timestamp:gte:noon',
      since: '2025-07-04T00:00:00Z',
      until: '2025-07-05T00:00:00Z',
      every: 'day',
    });
    for (const told of ['where', 'Correct the question at each place named.', 'question_invalid'])
      await dashboard.shows('[role=alert]', told);
    const value = page.getByLabel('Value', { exact: true });
    await value.fill('2025-07-04T09:00:00Z');
    await value.press('Tab');
    const answer = [['4 Jul 2025', '1']];
    await expect.poll(cells).toEqual(answer);
    expect(await page.getByRole('alert').count()).toBe(0);

    dashboard.millrace?.kill('SIGKILL');
    await dashboard.millrace?.exited;
    await page.getByRole('button', { name: 'Ask again' }).click();
    await dashboard.shows('[role=alert]', 'The server does not answer. Trying again …');
    expect(await cells()).toEqual(answer);
    await dashboard.expectAccessible();
    await dashboard.start({ args: port });
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await page.locator('.answered[data-stale=false]').waitFor();
    expect(await cells()).toEqual(answer);
  });
});
