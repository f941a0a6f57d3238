import { expect, test } from 'vitest';
import { freePort } from '../../../tools/stack/ports.ts';
import { dashboardInChromium, purchase, send, view } from '../../support/dashboard.ts';
import { settled } from '../../support/millrace-process.ts';

const dashboard = dashboardInChromium();

test('health says how the pipeline is, what each table takes, and whether all is right', async () => {
  const port = ['--port', String(await freePort())];
  const url = await dashboard.start({ args: port });
  const { page } = dashboard;
  await page.goto(`${url}/health`);
  await dashboard.shows('main', 'No table has rows yet.');
  await send(url, [
    { ...view('boot'), event_id: 'one' },
    { ...view('boot'), event_id: 'one' },
    { ...view('cap'), timestamp: Date.now() - 60_000 },
    purchase('1.00', 'EUR'),
  ]);
  await settled(url);
  // It asks again by itself.
  await dashboard.shows('.totals div', 'Duplicates stopped1 (25%)');
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
  await row('events')
    .filter({ hasText: /events3/ })
    .waitFor();
  await row('product_views_per_hour__v1').filter({ hasText: 'rollup2' }).waitFor();
  await row('revenue_per_minute').filter({ hasText: 'ready' }).waitFor();

  await page.getByRole('button', { name: 'Check now' }).click();
  await dashboard.shows('.verify', 'Equal: each of 3 events of the log is stored once');
  await dashboard.expectAccessible();
  expect(dashboard.complaints).toEqual([]);

  await page.getByLabel('Language').selectOption('Русский');
  await dashboard.shows('.totals dt', 'Повторов отсеяно');

  dashboard.millrace?.kill('SIGKILL');
  await dashboard.millrace?.exited;
  await dashboard.shows('.notice', 'Сервер не отвечает.');
  await dashboard.start({ args: port });
  await expect.poll(() => page.locator('.notice').count()).toBe(0);
});
