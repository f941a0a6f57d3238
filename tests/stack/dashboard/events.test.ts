import { expect, test } from 'vitest';
import { dashboardInChromium, purchase, send, view } from '../../support/dashboard.ts';
import { settled, status } from '../../support/millrace-process.ts';

const dashboard = dashboardInChromium();

test('events are found by whose they are, each with its record and the rollups that count it', async () => {
  const url = await dashboard.start();
  const { page } = dashboard;
  const hostile = '<img src=x onerror="window.taken = 1">';
  await send(url, [
    { ...view('boot', { category: hostile }), event_id: hostile, timestamp: Date.now() - 60_000 },
    { ...purchase('300.00', 'EUR'), event_id: 'large' },
    { ...purchase('1.00', 'EUR'), event_id: 'small', user_id: 'bob' },
    ...Array.from({ length: 21 }, (_, i) => ({ ...view(`p${i}`), user_id: 'eve' })),
  ]);
  await settled(url);
  await page.goto(`${url}/events`);
  await dashboard.shows('main', 'Find an event by its id');
  await page.getByLabel('By').selectOption('User id');
  await page.getByLabel('Value').fill('ann');
  await page.keyboard.press('Enter');
  const cards = page.locator('.event-cards > li');
  await dashboard.shows('.event-cards summary', 'purchase');
  expect(await cards.count()).toBe(2);
  expect(new URL(page.url()).search).toBe('?by=user_id&value=ann');
  // The newest first, and the late one is marked.
  expect(await cards.nth(0).locator('.mark').count()).toBe(0);
  expect(await cards.nth(1).locator('.mark').textContent()).toBe('late');

  await cards.nth(1).locator('summary').press('Enter');
  const record = await cards.nth(1).textContent();
  for (const text of [hostile, 'partition 0, offset 0', 'in no window', 'product_id', '1234.50']) {
    expect(record).toContain(text);
  }
  const rollups = cards.nth(1).getByRole('table').getByRole('row');
  expect(await rollups.nth(1).textContent()).toContain('product_views_per_hour v1');
  expect(await rollups.nth(1).textContent()).toContain(`category: ${hostile}, product_id: boot`);
  await dashboard.expectAccessible();
  expect(await page.evaluate('window.taken')).toBeUndefined();

  // An address names an event, and what it is not in is not said.
  await page.goto(`${url}/events?by=event_id&value=small`);
  await dashboard.shows('.event-cards details[open] th', 'revenue_per_minute v1');
  expect(await page.locator('.event-cards').textContent()).not.toContain('large_orders_per_day');
  await page.goto(`${url}/events?by=event_id&value=large`);
  await dashboard.shows('.event-cards details[open] th', 'large_orders_per_day v1');

  await page.goto(`${url}/events?by=user_id&value=eve`);
  await dashboard.shows('.event-cards summary', 'eve');
  expect(await cards.count()).toBe(20);
  await page.getByRole('button', { name: 'Older' }).click();
  await expect.poll(() => cards.count()).toBe(1);
  await page.goBack();
  await expect.poll(() => cards.count()).toBe(20);

  await page.goto(`${url}/events?by=session_id&value=none`);
  await dashboard.shows('.state-of-view', 'No stored event has the session_id none.');
  await page.goto(`${url}/events?by=user_id&value=ann&before=soon`);
  await dashboard.shows('.notice', 'invalid_body');
});

test('what was refused is shown with its reason and its bytes, and can be tried again', async () => {
  const url = await dashboard.start();
  const { page } = dashboard;
  await page.goto(`${url}/events?show=letters`);
  await dashboard.shows('.state-of-view', 'Nothing was refused.');
  await dashboard.expectAccessible();
  const raw = '{"type":"vue","event_id":"v"}';
  const refused = [raw, '{"type":"click","event_id":"c"}'];
  await fetch(`${url}/v1/events`, { method: 'POST', body: `[${refused.join(',')}]` });
  const letters = async (): Promise<number> => {
    const answer = await fetch(`${url}/v1/dead-letters`);
    const { letters: all }: { letters: readonly unknown[] } = JSON.parse(await answer.text());
    return all.length;
  };
  await expect.poll(letters).toBe(2);
  expect((await status(url)).dead_letters).toBe(2);

  await page.reload();
  await dashboard.shows('.event-cards summary', 'missing_property');
  await page.getByLabel('Code').selectOption('unknown_event_type (1)');
  await expect.poll(() => page.locator('.event-cards > li').count()).toBe(1);
  expect(new URL(page.url()).searchParams.get('code')).toBe('unknown_event_type');
  await page.locator('.event-cards summary').press('Enter');
  await dashboard.shows('.event-cards code', raw);
  await dashboard.expectAccessible();
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await dashboard.shows(
    '.event-cards .retried',
    '0 accepted (0 of them were there already), 1 refused again.',
  );
  await page.getByLabel('Code').selectOption('All codes');
  await expect.poll(() => page.locator('.event-cards > li').count()).toBe(2);
  await page.getByRole('button', { name: 'Retry all of these' }).click();
  await dashboard.shows('.fields .retried', '2 refused again.');
});
