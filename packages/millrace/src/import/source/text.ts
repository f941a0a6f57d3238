import { MillraceError } from '../../errors.ts';

/**
 * Decodes bytes as they come. What is not in this encoding stops the import:
 * replaced characters would be stored for good.
 *
 * @throws MillraceError `import_file_invalid`, `import_invalid`.
 */
export async function* decodeText(
  bytes: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncIterable<string> {
  const decoder = decoderOf(encoding);
  let read = 0;
  try {
    for await (const chunk of bytes) {
      yield decoder.decode(chunk, { stream: true });
      read += chunk.length;
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new MillraceError(
      'import_file_invalid',
      `The file is not ${encoding}: there are other bytes soon after byte ${read}. If it is an old export, try encoding: 'windows-1252'.`,
      { cause: error },
    );
  }
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw new MillraceError('import_invalid', `There is no encoding ${encoding}.`, {
      cause: error,
    });
  }
}
