import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import wabt from 'wabt';

test('the module is what its text says', async () => {
  const name = 'sip-hash.wat';
  const { parseWat } = await wabt();
  const { buffer } = parseWat(name, await readFile(new URL(name, import.meta.url))).toBinary({});
  const source = `/** ${name}, compiled; \`vitest -u\` writes it anew. */
export const sipHashModule =
  '${Buffer.from(buffer).toString('base64')}';
`;
  await expect(source).toMatchFileSnapshot('./sip-hash-module.ts');
});
