import { type Agent, request as httpRequest } from 'node:http';
import type { Answer } from './oracle.ts';
import type { FuzzRequest } from './requests.ts';

/** Sends what `fetch` would not. Rejects where there is no answer; one may break off. */
export function send(url: string, agent: Agent, sent: FuzzRequest): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { method, path, headers, body } = sent;
  const isChunked = 'transfer-encoding' in headers;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        agent,
        hostname,
        port,
        method,
        path,
        headers:
          isChunked || body.length === 0 ? headers : { ...headers, 'content-length': body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        // That it broke off: the end says so too.
        response.on('error', () => {});
        response.on('close', () => {
          const names = Object.entries(response.headers).map(([name, value]) => [
            name,
            String(value),
          ]);
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(names),
            body: Buffer.concat(chunks),
            whole: response.complete,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
