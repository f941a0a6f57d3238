import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandPage } from './command.ts';
import { definitionPage } from './definition.ts';
import { errorsPage } from './errors.ts';
import { type ExampleServer, exampleServer } from './example-server.ts';
import { httpPage } from './http.ts';
import { indexPage } from './index-page.ts';
import { metricsPage } from './metrics.ts';
import { settingsPage } from './settings.ts';
import { tablesPage } from './tables.ts';

let server: ExampleServer;
beforeAll(async () => {
  server = await exampleServer();
});
afterAll(() => server.close());

/** Generated from the code. After a change: `npx vitest run tools/reference -u`. */
test.each([
  ['README', indexPage],
  ['command', commandPage],
  ['definition', definitionPage],
  ['errors', errorsPage],
  ['http', () => httpPage(server)],
  ['metrics', metricsPage],
  ['settings', settingsPage],
  ['tables', () => tablesPage(server)],
])('docs/reference/%s.md says what the code does', async (name, page) => {
  await expect(await page()).toMatchFileSnapshot(`../../docs/reference/${name}.md`);
});
