import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import { assertPipeline } from '../plan/contradictions.ts';

/**
 * Reads the default export of a TypeScript (or JavaScript) file as it is,
 * unchecked. `import … from 'millrace'` in it is always this Millrace.
 *
 * @throws MillraceError `pipeline_not_found`, `pipeline_invalid` (the file does not run).
 */
export async function loadDefinition(path: string): Promise<unknown> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new MillraceError('pipeline_not_found', `There is no pipeline at ${file}.`);
  }
  try {
    return await importDefault(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError('pipeline_invalid', `${file} does not run: ${reason}`, {
      cause: error,
    });
  }
}

/** Runs a TypeScript file with this Millrace behind `import … from 'millrace'`. @throws whatever it throws. */
export function importDefault(file: string): Promise<unknown> {
  const millrace = fileURLToPath(new URL('../index.js', import.meta.url));
  const jiti = createJiti(import.meta.url, { moduleCache: false, alias: { millrace } });
  return jiti.import(file, { default: true });
}

/**
 * Reads a pipeline and checks it.
 *
 * @throws MillraceError as `loadDefinition`, and `pipeline_invalid` listing what contradicts itself.
 */
export async function loadPipeline(path: string): Promise<Pipeline> {
  const definition = await loadDefinition(path);
  assertPipeline(definition);
  return definition;
}
