import type { ArchiveDecoder } from '../../ports/archive-decoder.ts';
import type { ArchiveEncoder } from '../../ports/archive-encoder.ts';
import type { ArchiveRewriter } from '../../ports/archive-rewriter.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { parquetFiles } from './parquet-files.ts';
import { parquetLines } from './parquet-lines.ts';
import { rewriteParquet } from './rewrite-parquet.ts';

/**
 * ClickHouse in this process for making and reading files alone: its folder may be thrown away.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export function openChdbEncoder(
  options: EngineOptions,
): ArchiveEncoder & ArchiveDecoder & ArchiveRewriter & { close(): Promise<void> } {
  const engine = new Engine(options);
  return {
    encode: (lines) => parquetFiles(engine, lines),
    decode: (files) => parquetLines(engine, files),
    rewrite: (files, without) => rewriteParquet(engine, files, without),
    close: () => engine.close(),
  };
}
