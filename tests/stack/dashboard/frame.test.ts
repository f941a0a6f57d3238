import { describe, expect, test } from 'vitest';
import { dashboardInChromium, send, view } from '../../support/dashboard.ts';

const dashboard = dashboardInChromium();

describe('the dashboard', () => {
  test('asks for the read key where there is one, and keeps it in this tab alone', async () => {
    const url = await dashboard.start({
      env: {
        MILLRACE_READ_KEYS: 'secret,sums:tables=revenue_per_minute',
        MILLRACE_WRITE_KEYS: 'w',
      },
    });
    await send(url, [view('boot')]);
    await dashboard.page.goto(url);
    await dashboard.page.getByLabel('Read key').fill('w');
    await dashboard.page.keyboard.press('Enter');
    await dashboard.shows('#notice', 'This is not a read key.');
    expect(await dashboard.page.locator('#events').count()).toBe(0);
    await dashboard.expectAccessible();

    await dashboard.page.getByLabel('Read key').fill('secret');
    await dashboard.page.keyboard.press('Enter');
    await dashboard.shows('#events li', 'product_id boot');
    expect(await dashboard.page.locator('#key-form').isVisible()).toBe(false);
    await dashboard.page.reload();
    await dashboard.shows('#events li', 'product_id boot');

    const other = await dashboard.context.newPage();
    await other.goto(url);
    await other.getByLabel('Read key').fill('sums');
    await other.keyboard.press('Enter');
    const refused = 'This read key may ask revenue_per_minute alone, not';
    await other.getByText(`${refused} events.`).waitFor();
    // What it may ask is there, and no other rollup.
    await other.getByRole('table', { name: 'revenue_per_minute' }).waitFor();
    expect(await other.locator('#rollups > *').count()).toBe(1);
    await other.goto(`${url}/health`);
    await other.getByText(`${refused} /v1/status.`).waitFor();
  });

  test('is in Russian where that is wanted, and remembers the choice of language and theme', async () => {
    const url = await dashboard.start();
    await dashboard.page.goto(url);
    await dashboard.page.getByLabel('Theme').selectOption('dark');
    const paper = () => dashboard.page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await paper();
    await dashboard.page.getByLabel('Language').selectOption('Русский');
    await dashboard.page.getByRole('heading', { level: 1, name: 'Сейчас' }).waitFor();
    await dashboard.page.reload();
    await dashboard.page.getByRole('heading', { level: 1, name: 'Сейчас' }).waitFor();
    expect(await dashboard.page.evaluate('document.documentElement.lang')).toBe('ru');
    expect(await paper()).toBe(dark);
    await dashboard.page.getByLabel('Тема').selectOption('light');
    expect(await paper()).not.toBe(dark);
    await dashboard.expectAccessible();
  });
});
