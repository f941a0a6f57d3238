import { expect, test } from 'vitest';
import { dashboardInChromium } from '../../support/dashboard.ts';

const dashboard = dashboardInChromium();

const chosen = (): URLSearchParams => new URL(dashboard.page.url()).searchParams;

test('what is being typed stays when an answer comes, and is asked once it is whole', async () => {
  const url = await dashboard.start();
  const { page } = dashboard;
  const state = (busy: boolean) => page.locator(`.answered[aria-busy=${busy}]`);
  let whole = Promise.resolve();
  await page.route('**/v1/query', async (route) => {
    await whole;
    await route.continue();
  });
  await page.goto(
    `${url}/explore?from=view&measure=quantiles:price&where=category:eq:&by=category&zone=UTC&range=24h`,
  );
  for (const [label, text, name, written] of [
    ['Value', 'shoes', 'where', 'category:eq:shoes'],
    ['Levels', '0.25', 'measure', 'quantiles:price:0.25'],
    ['Groups shown', '3', 'top', '3'],
  ] as const) {
    await state(false).waitFor();
    let end = (): void => {};
    whole = new Promise((resolve) => {
      end = resolve;
    });
    await page.getByRole('button', { name: 'Ask again' }).click();
    await state(true).waitFor();
    const input = page.getByLabel(label, { exact: true });
    await input.fill(text);
    end();
    await state(false).waitFor();
    expect(await input.inputValue()).toBe(text);
    await input.press('Tab');
    await expect.poll(() => chosen().get(name)).toBe(written);
  }
  // What cannot be taken gives way to what can.
  const groups = page.getByLabel('Groups shown', { exact: true });
  await groups.fill('0');
  await groups.press('Tab');
  await expect.poll(() => groups.inputValue()).toBe('3');
  await page.goBack();
  await expect.poll(() => groups.inputValue()).toBe('6');
  expect(dashboard.complaints).toEqual([]);
});

test('what is chosen as soon as the form is there is kept', async () => {
  const url = await dashboard.start();
  const { page } = dashboard;
  await page.addInitScript(`
    new MutationObserver((_, observer) => {
      const range = [...document.querySelectorAll('select')].find(({ value }) => value === '24h');
      if (range === undefined) return;
      observer.disconnect();
      range.value = '7d';
      range.dispatchEvent(new Event('change', { bubbles: true }));
    }).observe(document, { childList: true, subtree: true });
  `);
  await page.goto(`${url}/explore`);
  await expect.poll(() => chosen().get('range')).toBe('7d');
  await page.locator('.answered[aria-busy=false]').waitFor();
  expect(chosen().get('range')).toBe('7d');
});
