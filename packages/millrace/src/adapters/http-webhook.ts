import type { Webhook } from '../ports/webhook.ts';
import { withFirstOf } from '../with-first-of.ts';

const answerMsMax = 10_000;

export const httpWebhook: Webhook = {
  post({ url, headers, body, signal }) {
    return withFirstOf([signal, AbortSignal.timeout(answerMsMax)], async (over) => {
      const request = { method: 'POST', headers, body, redirect: 'manual', signal: over } as const;
      const response = await fetch(url, request);
      await response.body?.cancel();
      return response.status;
    });
  },
};
