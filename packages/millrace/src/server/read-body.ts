import type { IncomingMessage } from 'node:http';
import { MillraceError } from '../errors.ts';

export interface ReadBodyLimits {
  readonly bytesMax: number;
  /** The whole body must have come within this. */
  readonly timeoutMs: number;
}

/**
 * The bytes of a request's body as they came.
 *
 * @param grow told of each piece before it is kept; what it throws refuses the request.
 * @throws MillraceError `body_too_large`, `request_timeout`, `invalid_body` (the
 *   sender went away before the end), and what `grow` throws.
 */
export function readBody(
  request: IncomingMessage,
  { bytesMax, timeoutMs }: ReadBodyLimits,
  grow: (bytes: number) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    let settled = false;
    const timer = setTimeout(() => {
      fail(new MillraceError('request_timeout', `The body did not come within ${timeoutMs} ms.`));
    }, timeoutMs);

    // The listeners stay, as taking four of them off is dear, so they must not hold the body.
    const settle = (): void => {
      settled = true;
      chunks = [];
      clearTimeout(timer);
    };
    const fail = (error: unknown): void => {
      settle();
      // What still comes is thrown away, so that the sender gets to read the answer.
      request.resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (settled) return;
      length += chunk.length;
      try {
        if (length > bytesMax) throw bodyTooLarge(bytesMax);
        grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      if (settled) return;
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
      settle();
    };
    const onClose = (): void => {
      if (settled) return;
      fail(new MillraceError('invalid_body', 'The connection closed before the end of the body.'));
    };

    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > bytesMax) fail(bodyTooLarge(bytesMax));
    request.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose);
  });
}

export const bodyTooLarge = (bytesMax: number): MillraceError =>
  new MillraceError('body_too_large', `The body is larger than ${bytesMax} bytes.`);
