import { describe, expect, test } from 'vitest';
import { freePort } from '../../../tools/stack/ports.ts';
import { dashboardInChromium, purchase, send, view } from '../../support/dashboard.ts';
import { settled } from '../../support/millrace-process.ts';

const dashboard = dashboardInChromium();

describe('the live view', () => {
  test('shows the totals, the rollups and the last events of a pipeline', async () => {
    const url = await dashboard.start();
    await dashboard.page.goto(url);
    await dashboard.shows('#state', 'live');
    await send(url, [
      { ...view('boot'), event_id: 'one' },
      { ...view('boot'), event_id: 'one' },
      { ...view('cap'), timestamp: Date.now() - 60_000 },
      purchase('1234567.80', 'EUR'),
      purchase('0.05', 'EUR'),
    ]);
    await settled(url);

    await dashboard.shows('#events li', 'product_id boot');
    await dashboard.shows('#rollups td', '1,234,567.85');
    await dashboard.shows('#stored', '4');
    await dashboard.shows('#accepted', '5');
    await dashboard.shows('#duplicates', '1');
    await dashboard.shows('#late', '1');
    expect(await dashboard.page.title()).toBe('Live · shop · Millrace');
    const events = dashboard.page.locator('#events li');
    await expect.poll(() => events.count()).toBe(4);
    expect(await events.locator('.late').count()).toBe(1);
    await dashboard.shows('#events .properties', 'price 1234.50');
    // The newest first.
    expect(await dashboard.text('#events li:first-child .properties')).toContain('value 0.05');
    await dashboard.page
      .getByRole('img', {
        name: /^Of the events that came, 0 were refused and kept, and 5 accepted\. Of these, 1 were duplicates .+ 4 are stored, 1 of them late/,
      })
      .waitFor();
    const curl = await dashboard.text('#curl');
    expect(curl).toContain(`curl ${url}/v1/events`);
    expect(dashboard.complaints).toEqual([]);
  });

  test('shows what events hold as text, whatever they hold', async () => {
    const url = await dashboard.start();
    const hostile = '<script>window.taken = 1</script><img src=x onerror="window.taken = 1">';
    await send(url, [
      {
        ...view(hostile, { category: hostile, [hostile]: { [hostile]: [hostile] } }),
        user_id: hostile,
        event_id: hostile,
      },
    ]);
    await settled(url);
    await dashboard.page.goto(url);
    await dashboard.shows('#events .properties', hostile);
    await dashboard.shows('#rollups tbody th', hostile);
    await dashboard.shows('#events .who', hostile);
    expect(await dashboard.page.locator('main img, main script').count()).toBe(0);
    expect(await dashboard.page.evaluate('window.taken')).toBeUndefined();
    expect(dashboard.complaints).toEqual([]);
  });

  test('says that the server is away, and comes back with it', async () => {
    const port = await freePort();
    const url = await dashboard.start({ args: ['--port', String(port)] });
    await dashboard.page.goto(url);
    await dashboard.shows('#state', 'live');
    dashboard.millrace?.kill('SIGKILL');
    await dashboard.millrace?.exited;
    await dashboard.shows('#notice', 'does not answer');
    expect(await dashboard.text('#state')).toBe('away');

    await dashboard.start({ args: ['--port', String(port)] });
    await dashboard.shows('#state', 'live');
    expect(await dashboard.page.locator('#notice').isVisible()).toBe(false);
  });

  test('stops asking while it is paused or hidden', async () => {
    const url = await dashboard.start();
    await dashboard.page.clock.install();
    const requests: string[] = [];
    let underWay = 0;
    dashboard.page.on('request', () => {
      underWay += 1;
    });
    const ended = (): void => {
      underWay -= 1;
    };
    dashboard.page.on('requestfinished', ended);
    dashboard.page.on('requestfailed', ended);
    /** What had begun is over, and what follows from it. */
    const atRest = async (): Promise<void> => {
      let before = -1;
      await expect
        .poll(
          () => {
            const still = underWay === 0 && requests.length === before;
            before = requests.length;
            return still;
          },
          { interval: 200 },
        )
        .toBe(true);
    };
    await dashboard.page.goto(url);
    await dashboard.shows('#state', 'live');
    dashboard.page.on('request', (request) => requests.push(request.url()));
    await dashboard.page.clock.runFor(3_000);
    await expect.poll(() => requests.length).toBeGreaterThan(0);

    await dashboard.page.getByRole('button', { name: 'Pause' }).press('Enter');
    await dashboard.shows('#state', 'paused');
    await atRest();
    requests.length = 0;
    await dashboard.page.clock.runFor(60_000);
    expect(requests).toEqual([]);

    await dashboard.page.getByRole('button', { name: 'Resume' }).press('Enter');
    await dashboard.shows('#state', 'live');
    await dashboard.page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: true, configurable: true });
       document.dispatchEvent(new Event('visibilitychange'));`,
    );
    await atRest();
    requests.length = 0;
    await dashboard.page.clock.runFor(60_000);
    expect(requests).toEqual([]);
  });

  test.each([
    ['light', 360],
    ['dark', 1280],
  ] as const)(
    'fits a %s screen of %i px and is named for those who cannot see it',
    async (colorScheme, width) => {
      const url = await dashboard.start();
      await send(url, [
        view('a-product-with-a-name-far-longer-than-a-telephone-is-wide'.repeat(2)),
      ]);
      await settled(url);
      await dashboard.page.emulateMedia({ colorScheme });
      await dashboard.page.goto(url);
      await dashboard.shows('#events li', 'a-product');
      await dashboard.expectFits(width);
      await dashboard.page
        .getByRole('img', { name: /Events per second over the last three minutes/ })
        .waitFor();
      await dashboard.expectAccessible();
      await dashboard.page.getByRole('heading', { name: 'Last events' }).waitFor();
      await dashboard.page.getByRole('table', { name: /product_views_per_hour/ }).waitFor();
      await dashboard.page.getByRole('status').waitFor();
      for (const name of ['Pause', 'Copy']) {
        const button = dashboard.page.getByRole('button', { name });
        await button.focus();
        expect(await button.evaluate('document.activeElement?.textContent')).toBe(name);
      }
    },
  );
});
