import { Engine, type EngineOptions } from './engine.ts';
import { forgetTokens, lostTokens } from './lost-parts.ts';

/**
 * Opens the engine as it may be inserted into: what a crash left of its tokens is mended.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new Engine(options);
  // Looked at while nobody else can have it open; it reads them only as it opens.
  const mended = await lostTokens(options.folder);
  if (mended.length === 0) return engine;
  await engine.close();
  await forgetTokens(mended, options.folder);
  return new Engine(options);
}
