import { expect, test } from 'vitest';
import { errorsPage } from './errors.ts';
import { settingsPage } from './settings.ts';

/** Generated from the code. After a change: `npx vitest run tools/reference -u`. */
test.each([
  ['errors', errorsPage],
  ['settings', settingsPage],
])('docs/reference/%s.md says what the code does', async (name, page) => {
  await expect(page()).toMatchFileSnapshot(`../../docs/reference/${name}.md`);
});
