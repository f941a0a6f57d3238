import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboardInChromium, send, shop } from '../../support/dashboard.ts';
import { MillraceProcess, settled } from '../../support/millrace-process.ts';

// Days are written as in one country, numbers as in all that speak the language.
const dashboard = dashboardInChromium({ locale: 'en-US' });

const properties = (type: string, category: string): object =>
  ({
    view: { product_id: 'p', category, price: '5.00' },
    click: { element: 'menu' },
    add_to_cart: { product_id: 'p', quantity: 1, price: '5.00' },
    purchase: { order_id: 'o', value: '5.00', currency: 'EUR', items: [] },
  })[type] ?? {};

const of = (user_id: string, type: string, timestamp: string, category = 'shoes'): object => ({
  type,
  user_id,
  timestamp,
  properties: properties(type, category),
});

const between = (since: string, until: string): readonly (readonly string[])[] => [
  ['since', `${since}T00:00:00Z`],
  ['until', `${until}T00:00:00Z`],
  ['zone', 'UTC'],
];

/** In February: four look; Ann, Bob and Dan put something into their carts; Ann buys, and Dan after more than a week. */
const journeys = [
  of('ann', 'view', '2025-02-03T10:00:00Z'),
  of('ann', 'add_to_cart', '2025-02-03T10:01:00Z'),
  of('ann', 'purchase', '2025-02-03T10:03:00Z'),
  of('bob', 'view', '2025-02-03T10:00:00Z'),
  of('bob', 'add_to_cart', '2025-02-03T10:10:00Z'),
  of('cid', 'view', '2025-02-03T11:00:00Z', 'hats'),
  of('dan', 'view', '2025-02-03T11:00:00Z', 'hats'),
  of('dan', 'add_to_cart', '2025-02-03T11:30:00Z'),
  of('dan', 'purchase', '2025-02-11T11:00:00Z'),
  of('eve', 'purchase', '2025-02-03T12:00:00Z'),
];
const february = between('2025-02-01', '2025-03-01');

/** In March, from Monday the 3rd: Ann and Bob begin in the first week, Cid in the second. */
const returns = [
  of('ann', 'click', '2025-03-03T10:00:00Z'),
  of('ann', 'click', '2025-03-04T10:00:00Z'),
  of('ann', 'click', '2025-03-11T10:00:00Z'),
  of('bob', 'click', '2025-03-05T10:00:00Z'),
  of('bob', 'click', '2025-03-17T10:00:00Z'),
  of('cid', 'click', '2025-03-10T10:00:00Z'),
  of('cid', 'click', '2025-03-18T10:00:00Z'),
];
const march = between('2025-03-01', '2025-04-01');

/** In April: one session of 20 minutes, one of 5, and two of a single event. */
const visits = [
  of('ann', 'view', '2025-04-07T09:00:00Z'),
  of('ann', 'view', '2025-04-07T09:10:00Z'),
  of('ann', 'purchase', '2025-04-07T09:20:00Z'),
  of('ann', 'view', '2025-04-07T12:00:00Z'),
  of('bob', 'view', '2025-04-07T09:00:00Z'),
  of('cid', 'click', '2025-04-08T10:00:00Z'),
  of('cid', 'view', '2025-04-08T10:05:00Z'),
];
const april = between('2025-04-01', '2025-05-01');

// Quantiles lie between the values nearest to them: nine tenths of 1, 10 and 30 minutes are 26.
describe('the views that follow people', () => {
  let data = '';
  let millrace: MillraceProcess | undefined;
  let url = '';
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'millrace-people-'));
    millrace = new MillraceProcess({ pipeline: shop, data });
    url = await millrace.url();
    await send(url, [...journeys, ...returns, ...visits]);
    await settled(url);
  });
  afterAll(async () => {
    await millrace?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const open = (view: string, chosen: readonly (readonly string[])[]): Promise<unknown> => {
    const params = new URLSearchParams();
    for (const [name = '', value = ''] of chosen) params.append(name, value);
    return dashboard.page.goto(`${url}/${view}?${params}`);
  };

  /** The rows of a table, each as the texts of its cells. */
  const shows = (table: string, expected: readonly (readonly string[])[]): Promise<unknown> =>
    expect
      .poll(async () => {
        const lines = await dashboard.page
          .getByRole('table', { name: table })
          .locator('tbody tr')
          .all();
        return Promise.all(lines.map((line) => line.locator('th, td').allTextContents()));
      })
      .toEqual(expected);

  /** The question that the page gives to copy, asked. */
  const rowsOfCopy = async (): Promise<readonly unknown[]> => {
    await dashboard.page.locator('summary').click();
    const body = (await dashboard.text('#question-text')) ?? '';
    const response = await fetch(`${url}/v1/query`, { method: 'POST', body });
    const answer: { readonly rows: readonly unknown[] } = JSON.parse(await response.text());
    return answer.rows;
  };

  const fits = async (): Promise<void> => {
    await dashboard.expectAccessible();
    await dashboard.expectFits(360);
    await dashboard.page.setViewportSize({ width: 1280, height: 900 });
  };

  const saysWhatIsEmptyOrWrong = async (view: string, wrong: readonly string[]): Promise<void> => {
    await open(view, [
      ['since', '2001-01-01T00:00:00Z'],
      ['until', '2001-01-02T00:00:00Z'],
    ]);
    await dashboard.shows('.state-of-view', 'No event answers this question.');
    expect(dashboard.complaints).toEqual([]);
    await dashboard.expectAccessible();
    await open(view, [wrong]);
    await dashboard.shows('[role=alert]', 'question_invalid');
    await dashboard.expectAccessible();
  };

  test('show how many go how far through steps, and how long that takes', async () => {
    const { page } = dashboard;
    const steps = ['view', 'add_to_cart', 'purchase'].map((type) => ['step', type]);
    await open('funnels', [...steps, ...february]);
    const funnel = 'The funnel as a table';
    await shows(funnel, [
      ['1', 'view', '4', '100%', '100%', '0 ms', '0 ms'],
      ['2', 'add_to_cart', '3', '75%', '75%', '10 min', '26 min'],
      ['3', 'purchase', '1', '25%', '33.3%', '3 min', '3 min'],
    ]);
    expect(await dashboard.text('#funnel-conversion')).toBe('25%');
    await page.getByRole('img', { name: 'How many go how far from view to purchase' }).waitFor();
    expect(await rowsOfCopy()).toHaveLength(3);
    await fits();

    const address = page.url();
    await page.getByLabel('Within').fill('30d');
    await page.getByLabel('Within').press('Tab');
    await expect.poll(() => dashboard.text('#funnel-conversion')).toBe('50%');
    await page.goBack();
    await expect.poll(() => dashboard.text('#funnel-conversion')).toBe('25%');
    expect(page.url()).toBe(address);

    await page.getByRole('button', { name: 'Remove step 2' }).click();
    await page.getByLabel('Break down by …').selectOption('category');
    const first = page.getByRole('group', { name: 'Step 1' });
    await first.getByText('view', { exact: true }).click();
    expect(await first.getByLabel('view', { exact: true }).isChecked()).toBe(true);
    await first.getByRole('button', { name: 'Add a filter' }).click();
    await first.getByLabel('Field', { exact: true }).selectOption('user_id');
    await first.getByLabel('Comparison').selectOption('is not');
    await first.getByRole('textbox', { name: 'Value' }).fill('dan');
    await first.getByRole('textbox', { name: 'Value' }).press('Tab');
    const cut = [
      ['shoes', '1', 'view', '2', '100%', '100%', '0 ms', '0 ms'],
      ['shoes', '2', 'purchase', '1', '50%', '50%', '3 min', '3 min'],
      ['hats', '1', 'view', '1', '100%', '100%', '0 ms', '0 ms'],
      ['hats', '2', 'purchase', '0', '0%', '0%', '–', '–'],
    ];
    await shows(funnel, cut);
    await page.reload();
    await shows(funnel, cut);
    await fits();
    await saysWhatIsEmptyOrWrong('funnels', ['within', 'soon']);
  });

  test('show who came back, by day, week and month', async () => {
    const clicks = [
      ['first', 'click'],
      ['return', 'click'],
    ];
    await open('retention', [...clicks, ...march]);
    const table = 'Who came back, by cohort and period';
    await shows(table, [
      ['All cohorts', '3', '33.3% 1', '66.7% 2', '50% 1'],
      ['Mar 3, 2025', '2', '50% 1', '50% 1', '50% 1'],
      ['Mar 10, 2025', '1', '0% 0', '100% 1', ''],
    ]);
    const shade = (row: number): Promise<unknown> =>
      dashboard.page.evaluate(
        `getComputedStyle(document.querySelector('#retention-table tr:nth-child(${row}) td:nth-child(4)')).backgroundColor`,
      );
    expect(await shade(2)).not.toBe(await shade(3));
    expect(await rowsOfCopy()).toHaveLength(5);
    await fits();

    await dashboard.page.getByLabel('Cohorts').selectOption('monthly');
    await shows(table, [
      ['All cohorts', '3', '100% 3'],
      ['Mar 1, 2025', '3', '100% 3'],
    ]);
    expect(new URL(dashboard.page.url()).searchParams.get('every')).toBe('month');
    await dashboard.page.getByLabel('Cohorts').selectOption('daily');
    await dashboard.page.getByLabel('Periods').fill('1');
    await dashboard.page.getByLabel('Periods').press('Tab');
    await shows(table, [
      ['All cohorts', '3', '0% 0', '33.3% 1'],
      ['Mar 3, 2025', '1', '0% 0', '100% 1'],
      ['Mar 5, 2025', '1', '0% 0', '0% 0'],
      ['Mar 10, 2025', '1', '0% 0', '0% 0'],
    ]);
    await saysWhatIsEmptyOrWrong('retention', ['first_where', 'timestamp:gte:never']);
  });

  test('show how many sessions there are, how long, and where they begin and end', async () => {
    await open('sessions', [['every', 'day'], ...april]);
    await shows('Sessions by entry: type', [
      ['view', '3', '2', '1.667', '66.7%', '6.7 min', '0 ms', '16 min'],
      ['click', '1', '1', '2', '0%', '5 min', '5 min', '5 min'],
    ]);
    await shows('Sessions by exit: type', [
      ['view', '3', '3', '1.333', '66.7%', '1.7 min', '0 ms', '4 min'],
      ['purchase', '1', '1', '3', '0%', '20 min', '20 min', '20 min'],
    ]);
    await shows('Sessions by when they begin', [
      ['Apr 7, 2025', '3', '2', '1.667', '66.7%', '6.7 min', '0 ms', '16 min'],
      ['Apr 8, 2025', '1', '1', '2', '0%', '5 min', '5 min', '5 min'],
    ]);
    const totals = ['sessions', 'people', 'events', 'bounce', 'mean', 'median'];
    expect(await Promise.all(totals.map((name) => dashboard.text(`#sessions-${name}`)))).toEqual([
      '4',
      '3',
      '1.75',
      '50%',
      '6.3 min',
      '2.5 min',
    ]);
    await dashboard.page.getByRole('img', { name: 'Sessions over time' }).waitFor();
    expect(await rowsOfCopy()).toHaveLength(2);
    await fits();

    await dashboard.page.getByLabel('Ends after').fill('5h');
    await dashboard.page.getByLabel('Ends after').press('Tab');
    await expect.poll(() => dashboard.text('#sessions-sessions')).toBe('3');
    await saysWhatIsEmptyOrWrong('sessions', ['gap', 'soon']);
  });
});
