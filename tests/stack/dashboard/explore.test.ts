import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboardInChromium, purchase, send, view } from '../../support/dashboard.ts';
import { settled } from '../../support/millrace-process.ts';

const dashboard = dashboardInChromium({ timezoneId: 'Europe/London' });

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

const cells = async (): Promise<readonly (readonly string[])[]> => {
  const table = dashboard.page.getByRole('table', { name: 'The answer as a table' });
  const lines = await table.locator('tbody tr').all();
  return Promise.all(lines.map((line) => line.locator('td').allTextContents()));
};

describe('exploring', () => {
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
    await expect.poll(cells, { timeout: 30_000 }).toEqual(shown);
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

  test('says that there is nothing, though gaps are filled', async () => {
    const url = await dashboard.start();
    const empty = new URLSearchParams([
      ['from', 'purchase'],
      ['measure', 'sum:value'],
      ['since', '2001-01-01T00:00:00Z'],
      ['until', '2001-01-02T00:00:00Z'],
      ['zone', 'UTC'],
    ]);
    await dashboard.page.goto(`${url}/explore?${empty}`);
    await dashboard.shows('.state-of-view', 'No event answers this question.');
    expect(await dashboard.page.getByLabel('Fill gaps').isChecked()).toBe(true);
    await dashboard.expectAccessible();
    expect(dashboard.complaints).toEqual([]);
  });
});
