import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Site {
  readonly url: string;
  close(): void;
}

/** A site on a free port, whose pages are what `page` makes of their address. */
export async function openSite(page: (url: URL) => string | Buffer): Promise<Site> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    const script = url.pathname.endsWith('.js');
    response
      .setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8')
      .end(page(url));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
