import { Away, openAnswer } from './ask.ts';

/**
 * The lines of an answer, as they come.
 *
 * @throws Away, Refused, KeyNeeded
 */
export async function* streamLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunksOf(await openAnswer(path, signal), signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Not every browser can iterate over a stream. */
async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } catch (error) {
    isOver = true;
    signal.throwIfAborted();
    throw new Away('', { cause: error });
  } finally {
    // Nobody listens any more: the server is to notice.
    if (!isOver) await reader.cancel();
  }
}

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Server-sent events, with the read key, which `EventSource` cannot send. */
export async function* streamEvents(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  let event = '';
  let data: string[] = [];
  for await (const line of streamLines(path, signal)) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    else if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
    else if (line === '' && data.length > 0) {
      yield { event, data: data.join('\n') };
      event = '';
      data = [];
    }
  }
}
