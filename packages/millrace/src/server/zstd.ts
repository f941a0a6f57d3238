import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { MillraceError } from '../errors.ts';
import { createLimiter } from '../limiter.ts';
import { bodyTooLarge } from './read-body.ts';
import { checkZstdFrames } from './zstd-frames.ts';

/**
 * A body of the usual limit takes a tenth of this. It is counted in turns of the
 * event loop, so that a machine that stands still does not take time from a body.
 */
const timeMaxMs = 3_000;
const turnMs = 100;

/**
 * Runs in a thread of its own: fzstd is JavaScript, and a crafted body of a few
 * kilobytes can keep it busy for minutes. It is text because a thread of
 * Node 20 starts from JavaScript alone, and built code and tests must run the
 * same.
 */
const decompressor = `
const { parentPort, workerData } = require('node:worker_threads');
const { Decompress } = require(workerData.fzstd);
parentPort.on('message', ({ bytes, bytesMax }) => {
  const chunks = [];
  let length = 0;
  try {
    const stream = new Decompress((chunk) => {
      length += chunk.length;
      if (length > bytesMax) throw 'too large';
      chunks.push(chunk);
    });
    stream.push(bytes, true);
    parentPort.postMessage({ chunks });
  } catch (error) {
    parentPort.postMessage(error === 'too large' ? { tooLarge: true } : { message: String(error) });
  }
});`;

type Answer =
  | { readonly chunks: readonly Uint8Array[] }
  | { readonly tooLarge: true }
  | { readonly message: string };

let thread: Worker | undefined;
const oneAtATime = createLimiter({ atOnceMax: 1 });

/** @throws MillraceError `invalid_body`, `body_too_large`, `unsupported_encoding`. */
export async function unzstd(bytes: Buffer, bytesMax: number): Promise<Buffer> {
  checkZstdFrames(bytes, bytesMax);
  const answer = await oneAtATime(() => ask(bytes, bytesMax));
  if ('chunks' in answer) return Buffer.concat(answer.chunks);
  if ('tooLarge' in answer) throw bodyTooLarge(bytesMax);
  throw new MillraceError('invalid_body', `The body is not zstd: ${answer.message}.`);
}

function ask(bytes: Buffer, bytesMax: number): Promise<Answer> {
  thread ??= start();
  const worker = thread;
  return new Promise<Answer>((resolve, reject) => {
    const done = (): void => {
      clearInterval(timer);
      worker.off('message', onMessage).off('error', onError);
    };
    const onMessage = (answer: Answer): void => {
      done();
      resolve(answer);
    };
    const onError = (error: Error): void => {
      done();
      thread = undefined;
      worker.terminate().then(() => reject(error), reject);
    };
    let turnsLeft = timeMaxMs / turnMs;
    const timer = setInterval(() => {
      turnsLeft -= 1;
      if (turnsLeft > 0) return;
      onError(new MillraceError('invalid_body', 'The zstd body takes too long to decompress.'));
    }, turnMs);
    worker.on('message', onMessage).on('error', onError);
    worker.postMessage({ bytes, bytesMax });
  });
}

function start(): Worker {
  const fzstd = createRequire(import.meta.url).resolve('fzstd');
  const worker = new Worker(decompressor, { eval: true, workerData: { fzstd } });
  // It waits for bodies, which is no reason to keep the process.
  worker.unref();
  return worker;
}
