import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { listen } from './server.ts';

test('the end answers what is under way, and does not wait for more on its connection', async () => {
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let answer = () => {};
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { url, close } = await listen({ host: '127.0.0.1', port: 0 }, async (server) => {
    server.get('/', async () => {
      asked();
      await mayAnswer;
      return 'done';
    });
  });
  const agent = new Agent({ keepAlive: true });
  try {
    const answered = new Promise<string>((resolve, reject) => {
      request(url, { agent }, (response) => {
        let text = '';
        response.on('data', (piece) => {
          text += String(piece);
        });
        response.on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });
    await isAsked;
    const closed = close();
    // From then on the server looks at no connection by itself.
    await expect.poll(() => fetch(url).catch(() => 'refused')).toBe('refused');
    answer();
    expect(await answered).toBe('done');
    await closed;
  } finally {
    agent.destroy();
  }
});
