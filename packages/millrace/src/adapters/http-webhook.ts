import type { Webhook } from '../ports/webhook.ts';

const answerMsMax = 10_000;

export const httpWebhook: Webhook = {
  async post({ url, headers, body, signal }) {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]),
    });
    await response.body?.cancel();
    return response.status;
  },
};
